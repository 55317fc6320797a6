import { registerCommand } from "../shell/commands";
import { useWorkspace } from "../store/workspace";
import { reopenClosed, useClosed } from "./closed";
import { showOffers } from "./offers";
import { openActions, step, tabActions, type FileAction } from "./actions";
import { files as text } from "./strings";

/** The commands of files: those of a workflow act on the active one. */
export function registerFileCommands(): void {
  openActions().forEach(register);
  for (const { id, label, keys } of tabActions("")) {
    const run = () =>
      tabActions(useWorkspace.getState().active)
        .find((action) => action.id === id)
        ?.run();
    register({ id, label, ...(keys ? { keys } : {}), run });
  }
  registerCommand({
    id: "file.reopen",
    title: text.reopen,
    group: "file",
    keys: "Alt+Shift+T",
    enabled: () => useClosed.getState().closed.length > 0,
    run: reopenClosed,
  });
  register({ id: "file.offers", label: text.offersCommand, run: () => showOffers(true) });
  register({ id: "file.next", label: text.nextTab, keys: "Alt+PageDown", run: () => step(1) });
  register({ id: "file.previous", label: text.previousTab, keys: "Alt+PageUp", run: () => step(-1) });
}

function register({ label, ...action }: FileAction): void {
  registerCommand({ ...action, title: label, group: "file" });
}
