import { api, HttpError } from "../api/client";
import { saveDoc } from "../graph/save";
import { useSettings } from "../shell/settings";
import { toast } from "../shell/toast";
import { isDirty, useWorkspace, type Tab } from "../store/workspace";
import { ask, confirm } from "./ask";
import { refreshLibrary } from "./library";
import { nameOf, pathOf, placeOf, unfit } from "./names";
import { files as text } from "./strings";
import { whyOf } from "./why";

/** Save the active workflow in the library; asks for a name if it has none. True if it is saved now. */
export function saveActive(): Promise<boolean> {
  return saveTab(useWorkspace.getState().active);
}

/** Save the active workflow under another name, which is asked for if it isn't given. True if it is saved now. */
export function saveActiveAs(name?: string): Promise<boolean> {
  return saveTabAs(useWorkspace.getState().active, name);
}

export async function saveTab(id: string): Promise<boolean> {
  const tab = tabOf(id);
  if (!tab) return false;
  return tab.path === null ? saveTabAs(id) : written(tab, tab.path, true);
}

export async function saveTabAs(id: string, given?: string): Promise<boolean> {
  const tab = tabOf(id);
  const name = tab && (given ?? (await askName(text.saveTitle, tab.path ? placeOf(tab.path) : tab.name, text.save)));
  return name ? written(tab, pathOf(name), false) : false;
}

/** Give a tab another name, and its file in the library if it has one. */
export async function renameTab(id: string): Promise<void> {
  const tab = tabOf(id);
  if (!tab) return;
  if (tab.path !== null) return renameSaved(tab.path);
  const name = await askName(text.renameTitle, tab.name, text.renameYes);
  if (name) useWorkspace.getState().rename(id, name, null);
}

/** Give a workflow of the library another name, which is asked for; tabs that have it open go along. */
export async function renameSaved(path: string): Promise<void> {
  const name = await askName(text.renameTitle, placeOf(path), text.renameYes);
  if (!name || pathOf(name) === path) return;
  try {
    const moved = await unlessTaken(name, (overwrite) => api.userdata.move(path, pathOf(name), { overwrite }));
    if (moved) {
      follow(pathOf(name), null); // what lay there was replaced
      follow(path, pathOf(name));
    }
    await refreshLibrary();
  } catch (error) {
    toast(text.notRenamed(placeOf(path), whyOf(error)), "error");
  }
}

/** Delete a workflow of the library after asking; tabs that have it open keep it, unsaved. */
export async function removeSaved(path: string): Promise<void> {
  const name = placeOf(path);
  if (!(await confirm(text.deleteTitle(name), text.deleteText, text.delete))) return;
  try {
    await api.userdata.remove(path);
    follow(path, null);
    toast(text.deleted(name), "ok");
    await refreshLibrary();
  } catch (error) {
    toast(text.notDeleted(name, whyOf(error)), "error");
  }
}

/** Close a tab; asks what to do with changes that are not saved. */
export async function closeTab(id: string): Promise<void> {
  const tab = tabOf(id);
  if (!tab) return;
  if (isDirty(tab) && useSettings.getState().confirmClose) {
    const discard = { id: "discard", label: text.discard, danger: true };
    const answers = [discard, { id: "save", label: text.save }] as const;
    const reply = await ask({ title: text.closeTitle(tab.name), text: text.closeText, answers });
    if (!reply || (reply.answer === "save" && !(await saveTab(id)))) return;
  }
  useWorkspace.getState().close(id);
}

/** Hand the workflow to the browser as a file. */
export function exportTab(id: string): void {
  const tab = tabOf(id);
  if (!tab) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([contentOf(tab)], { type: "application/json" }));
  link.download = `${tab.name}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function written(tab: Tab, path: string, overwrite: boolean): Promise<boolean> {
  const name = placeOf(path);
  const write = (replace: boolean) => api.userdata.write(path, contentOf(tab), { overwrite: replace });
  try {
    if (!(await (overwrite ? write(true) : unlessTaken(name, write)))) return false;
  } catch (error) {
    toast(text.notSaved(name, whyOf(error)), "error");
    return false;
  }
  follow(path, null); // another tab that had this file has none now
  const { rename, markSaved } = useWorkspace.getState();
  rename(tab.id, nameOf(path), path);
  // What was done while it was on its way is not in the file.
  if (tabOf(tab.id)?.doc === tab.doc) markSaved(tab.id);
  toast(text.saved(name), "ok");
  await refreshLibrary();
  return true;
}

/** Do it without replacing anything; if something is there, ask, and do it after all. Null if the user would not. */
async function unlessTaken<T>(name: string, task: (overwrite: boolean) => Promise<T>): Promise<T | null> {
  try {
    return await task(false);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 409) throw error;
    const replace = await confirm(text.overwriteTitle(name), text.overwriteText, text.overwrite);
    return replace ? task(true) : null;
  }
}

async function askName(title: string, value: string, yes: string): Promise<string | null> {
  const refuse = (name: string) => {
    const reason = unfit(name.trim());
    return reason && text.unfit[reason];
  };
  const field = { label: text.name, hint: text.nameHint, value, refuse };
  return (await ask({ title, field, answers: [{ id: "yes", label: yes }] }))?.value.trim() ?? null;
}

/** Tabs of a file that lies elsewhere now, or (null) nowhere: what they hold is saved no more. */
function follow(from: string, to: string | null): void {
  const moved = (tab: Tab): Tab =>
    to === null ? { ...tab, path: null, savedAt: -1 } : { ...tab, path: to, name: nameOf(to) };
  useWorkspace.setState(({ tabs }) => ({ tabs: tabs.map((tab) => (tab.path === from ? moved(tab) : tab)) }));
}

function contentOf(tab: Tab): string {
  return JSON.stringify(saveDoc(tab.doc), null, 2);
}

function tabOf(id: string): Tab | undefined {
  return useWorkspace.getState().tabs.find((tab) => tab.id === id);
}
