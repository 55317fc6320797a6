import "../shell/theme.css";
import "../shell/base.css";
import "../shell/parts.css";
import "../widgets/widgets.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { address } from "../api/http";
import { startTheme } from "../shell/settings";
import { Toasts } from "../shell/toast";
import { openForm } from "./actions";
import { FormList } from "./FormList";
import { FormPage } from "./FormPage";
import { startKeeping } from "./keep";
import "../shell/forced.css"; // over what the components bring along

const workflow = new URLSearchParams(location.search).get("workflow") ?? "";

startTheme();
nameApp();
if (workflow) {
  startKeeping();
  void openForm(workflow);
}
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    {workflow ? <FormPage name={workflow} /> : <FormList />}
    <Toasts />
  </StrictMode>,
);

/** Each form is installed as an app of its own. */
function nameApp(): void {
  const link = document.createElement("link");
  link.rel = "manifest";
  link.crossOrigin = "use-credentials"; // else it would be asked for without the cookie of who may see it
  link.href = address("app.webmanifest", workflow ? { workflow } : {});
  document.head.append(link);
}
