import { jsonText } from "../graph/json";
import { saveDoc } from "../graph/save";
import { useSettings } from "../shell/settings";
import { makeMine } from "../sharing/shared";
import { isDirty, useWorkspace, type Tab } from "../store/workspace";
import { ask } from "./ask";
import { askName } from "./ask_name";
import { renameSaved } from "./manage";
import { freeName, pathOf, placeOf } from "./names";
import { useLibrary } from "./library";
import { notOnceBack } from "./retry";
import { files as text } from "./strings";
import { written } from "./write";

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
  if (tab.shared !== undefined) return makeMine(id);
  return tab.path === null ? saveTabAs(id) : write(tab, tab.path, true);
}

export async function saveTabAs(id: string, given?: string): Promise<boolean> {
  const tab = tabOf(id);
  if (tab?.shared !== undefined) return makeMine(id);
  const name = tab && (given ?? (await askName(text.saveTitle, tab.path ? placeOf(tab.path) : tab.name, text.save)));
  return name ? write(tab, pathOf(name), false) : false;
}

/** Give a tab another name, and its file in the library if it has one. */
export async function renameTab(id: string): Promise<void> {
  const tab = tabOf(id);
  if (!tab) return;
  if (tab.path !== null) return renameSaved(tab.path);
  const name = await askName(text.renameTitle, tab.name, text.renameYes);
  if (name) useWorkspace.getState().rename(id, name, null);
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
  notOnceBack(id);
  useWorkspace.getState().close(id);
}

function write(tab: Tab, path: string, own: boolean): Promise<boolean> {
  return written({ tab, path, content: contentOf(tab), own, saveCopy: () => saveCopy(tab, path) });
}

/** Save under a name that is asked for, and that is free as it is proposed. */
async function saveCopy(tab: Tab, path: string): Promise<boolean> {
  const taken = useLibrary.getState().files.map((file) => placeOf(file.path));
  const name = await askName(text.saveTitle, freeName(placeOf(path), [...taken, placeOf(path)]), text.save);
  return name ? write(tab, pathOf(name), false) : false;
}

export function contentOf(tab: Tab): string {
  return jsonText(saveDoc(tab.doc), 2);
}

function tabOf(id: string): Tab | undefined {
  return useWorkspace.getState().tabs.find((tab) => tab.id === id);
}
