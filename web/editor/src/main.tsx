// Style sheets first: what the components bring along comes after them, and wins.
import "@xyflow/react/dist/style.css";
import "./shell/theme.css";
import "./shell/base.css";
import "./shell/parts.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startSocket } from "./api/socket";
import { startKeeping } from "./files/keeping";
import { registerFileCommands } from "./files/commands";
import { registerMaskCommand } from "./mask/target";
import { startShareLinks } from "./sharing/shared";
import { App } from "./shell/App";
import { registerShellCommands } from "./shell/builtin";
import { startShortcuts } from "./shell/commands";
import { ErrorBoundary } from "./shell/ErrorBoundary";
import { startFocus } from "./shell/focus";
import { startTelling } from "./shell/telling";
import { startTheme } from "./shell/settings";
import { startSettingsSync } from "./shell/settings_sync";
import { startWelcome } from "./shell/welcome";
import { loadSpecs } from "./store/specs";
import "./shell/forced.css"; // over what the components bring along

const specs = loadSpecs(); // before anything is drawn: the answer takes longest
startTheme();
startSettingsSync();
registerShellCommands();
registerFileCommands();
registerMaskCommand();
startShortcuts();
startFocus();
startTelling();
startWelcome();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ErrorBoundary>
      <App />
    </ErrorBoundary>
  </StrictMode>,
);

try {
  await startKeeping();
  startShareLinks(); // beside what was open
} finally {
  startSocket(); // after what was open is back: that says by what name the server knows this page
}
await specs;
