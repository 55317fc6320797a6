import { chooseOther } from "../compare/store";
import { t as compare } from "../compare/strings";
import { activeTab, useWorkspace } from "../store/workspace";
import { verifyFile } from "../verify/store";
import { t as verify } from "../verify/strings";
import { openNew } from "./open";
import { pickFiles } from "./pick";
import { openAsForm } from "./form";
import { freeName } from "./names";
import { exportApi, exportPicture, exportTab } from "./download";
import { closeTab, renameTab, saveTab, saveTabAs } from "./save";
import { exportBundle, openAny } from "../sharing/bundles";
import { showShareDialog } from "../sharing/share_dialog";
import { sharing } from "../sharing/strings";
import { showVersions } from "../sharing/versions";
import { toast } from "../shell/toast";
import { files as text } from "./strings";
import { showTemplates } from "./templates";

/** Something to do with files: an entry of menus, and a command. */
export interface FileAction {
  readonly id: string;
  readonly label: string;
  readonly keys?: string;
  run(): unknown;
}

/** What can be done with one open workflow. */
export function tabActions(id: string): FileAction[] {
  return [
    { id: "file.save", label: text.save, keys: "Ctrl+S", run: () => saveTab(id) },
    { id: "file.saveAs", label: text.saveAs, keys: "Ctrl+Shift+S", run: () => saveTabAs(id) },
    { id: "file.rename", label: text.rename, run: () => renameTab(id) },
    { id: "file.duplicate", label: text.duplicate, run: () => duplicate(id) },
    { id: "file.form", label: text.openForm, run: () => openAsForm(id) },
    { id: "file.export", label: text.export, run: () => exportTab(id) },
    { id: "file.exportApi", label: text.exportApi, run: () => exportApi(id) },
    { id: "file.exportBundle", label: sharing.exportBundle, run: () => exportBundle(id) },
    { id: "file.exportPng", label: text.exportPng, run: () => exportPicture(id, "image/png") },
    { id: "file.exportWebp", label: text.exportWebp, run: () => exportPicture(id, "image/webp") },
    { id: "file.share", label: sharing.share, run: () => showShareDialog(id) },
    { id: "file.versions", label: sharing.versions, run: () => showTabVersions(id) },
    { id: "file.compare", label: compare.compareWith, run: () => chooseOther(id) },
    { id: "file.close", label: text.close, keys: "Alt+W", run: () => closeTab(id) },
  ];
}

/** What brings a workflow onto the page, and what is done with files besides. */
export function openActions(): FileAction[] {
  return [
    { id: "file.new", label: text.newTab, keys: "Alt+N", run: openNew },
    { id: "file.open", label: text.openFile, keys: "Ctrl+O", run: pickFile },
    { id: "file.templates", label: text.templates, keys: "Alt+T", run: () => showTemplates(true) },
    { id: "file.verify", label: verify.verifyFile, run: verifyFile },
  ];
}

/** Close all other tabs, asking for each that is not saved. */
export async function closeOthers(id: string): Promise<void> {
  for (const tab of useWorkspace.getState().tabs) if (tab.id !== id) await closeTab(tab.id);
}

/** Show the tab so many places to the right; after the last comes the first. */
export function step(by: number): void {
  const workspace = useWorkspace.getState();
  const { tabs, activate } = workspace;
  const at = tabs.indexOf(activeTab(workspace));
  const next = tabs[(at + by + tabs.length) % tabs.length];
  if (next) activate(next.id);
}

/** Let the user choose files to open. */
export function pickFile(): void {
  pickFiles(true, openAny);
}

function showTabVersions(id: string): void {
  const path = useWorkspace.getState().tabs.find((tab) => tab.id === id)?.path;
  if (path) void showVersions(path);
  else toast(sharing.versionsUnsaved);
}

function duplicate(id: string): void {
  const { tabs, open } = useWorkspace.getState();
  const tab = tabs.find((each) => each.id === id);
  if (tab)
    open(
      freeName(
        tab.name,
        tabs.map((each) => each.name),
      ),
      tab.doc,
    );
}
