import { useWorkspace } from "../store/workspace";
import { registerCommand, type Command } from "./commands";
import { showDialog } from "./dialogs";
import { PANELS } from "./panels";
import { stepParts } from "./parts";
import { togglePanel, useSettings, type Theme } from "./settings";
import { t } from "./strings";

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: "dark", dark: "light", light: "system" };

/** The commands of the page itself; those of files, the canvas and runs are registered by these. */
export function registerShellCommands(): void {
  commands().forEach(registerCommand);
}

function commands(): Command[] {
  return [
    {
      id: "palette",
      group: "general",
      title: t.palette.title,
      keys: ["Ctrl+K", "Ctrl+Shift+P"],
      hidden: true,
      run: () => showDialog("palette"),
    },
    { id: "shortcuts", group: "general", title: t.shortcuts.title, keys: "?", run: () => showDialog("shortcuts") },
    { id: "settings", group: "general", title: t.settings.title, keys: "Ctrl+,", run: () => showDialog("settings") },
    { id: "part.next", group: "general", title: t.commands.nextPart, keys: "F6", run: () => stepParts(1) },
    {
      id: "part.previous",
      group: "general",
      title: t.commands.previousPart,
      keys: "Shift+F6",
      run: () => stepParts(-1),
    },
    { id: "theme", group: "view", title: t.commands.theme, run: nextTheme },
    { id: "undo", group: "edit", title: t.commands.undo, keys: "Ctrl+Z", run: () => useWorkspace.getState().undo() },
    {
      id: "redo",
      group: "edit",
      title: t.commands.redo,
      keys: ["Ctrl+Shift+Z", "Ctrl+Y"],
      run: () => useWorkspace.getState().redo(),
    },
    ...PANELS.map(({ id, keys, enter }) => ({
      id: `panel.${id}`,
      group: "view",
      title: t.commands.panel(t.shell.panels[id]),
      keys,
      run: enter ?? (() => togglePanel(id)),
    })),
  ];
}

function nextTheme(): void {
  useSettings.setState(({ theme }) => ({ theme: NEXT_THEME[theme] }));
}
