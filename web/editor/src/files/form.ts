import { address } from "../api/http";
import { toast } from "../shell/toast";
import { isDirty, useWorkspace } from "../store/workspace";
import { placeOf } from "./names";
import { saveTab } from "./save";
import { files as text } from "./strings";

/** Open the form of a workflow beside the editor. It shows what is saved, so that is done first. */
export async function openAsForm(id: string): Promise<void> {
  const tab = tabOf(id);
  if (!tab || ((tab.path === null || isDirty(tab)) && !(await saveTab(id)))) return;
  const path = tabOf(id)?.path;
  if (path == null) return; // it was closed meanwhile
  const form = address("form", { workflow: placeOf(path) });
  const open = () => window.open(form);
  // A browser may take a page that opens after a question for one that nobody asked for.
  if (!open()) toast(text.formReady, "info", { label: text.openForm, run: open });
}

function tabOf(id: string) {
  return useWorkspace.getState().tabs.find((tab) => tab.id === id);
}
