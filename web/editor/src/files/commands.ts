import { registerCommand } from "../shell/commands";
import { useWorkspace } from "../store/workspace";
import { reopenAction, useClosed } from "./closed";
import { showOffers } from "./offers";
import { openActions, step, tabActions, type FileAction } from "./actions";
import { files as text } from "./strings";

/** The commands of files: those of a workflow act on the active one. */
export function registerFileCommands(): void {
  openActions().forEach((action) => register(action));
  for (const { id, label, keys } of tabActions("")) {
    const run = () =>
      tabActions(useWorkspace.getState().active)
        .find((action) => action.id === id)
        ?.run();
    register({ id, label, ...(keys ? { keys } : {}), run });
  }
  register(reopenAction, () => useClosed.getState().closed.length > 0);
  register({ id: "file.offers", label: text.offersCommand, run: () => showOffers(true) });
  register({ id: "file.next", label: text.nextTab, keys: "Alt+PageDown", run: () => step(1) });
  register({ id: "file.previous", label: text.previousTab, keys: "Alt+PageUp", run: () => step(-1) });
}

function register({ label, ...action }: FileAction, enabled = () => true): void {
  registerCommand({ ...action, title: label, group: "file", enabled });
}
