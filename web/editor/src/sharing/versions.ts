import { create } from "zustand";
import { api } from "../api/client";
import type { Version } from "../api/sharing";
import { ask, confirm } from "../files/ask";
import { exactDate } from "../files/dates";
import { nameOf, placeOf } from "../files/names";
import { openAddress, openSaved } from "../files/open";
import { whyOf } from "../files/why";
import { toast } from "../shell/toast";
import { isDirty, useWorkspace } from "../store/workspace";
import { sharing as text } from "./strings";

const LONGEST_NAME = 200;

interface Store {
  /** The workflow of the library whose versions are shown; null if the dialog is closed. */
  readonly path: string | null;
  readonly versions: readonly Version[] | null;
  /** Which of them it is now, if any. */
  readonly current: string | null;
}

export const useVersions = create<Store>()(() => ({ path: null, versions: null, current: null }));

export async function showVersions(path: string | null): Promise<void> {
  useVersions.setState({ path, versions: null, current: null });
  if (path === null) return;
  try {
    useVersions.setState(await api.versions.list(placeOf(path)));
  } catch (error) {
    useVersions.setState({ path: null });
    toast(text.versionsFailed(whyOf(error)), "error");
  }
}

/** When it was saved, for a reader. */
export function whenOf({ saved }: Version): string {
  return exactDate(Date.parse(saved));
}

/** Open a copy of what a workflow was. */
export async function lookAt(path: string, version: Version): Promise<void> {
  useVersions.setState({ path: null });
  await openAddress(api.versions.address(placeOf(path), version.id), text.versionTab(nameOf(path), whenOf(version)));
}

/** Have the library hold again what it held; a tab that has the workflow open shows it. */
export async function restore(path: string, version: Version): Promise<void> {
  useVersions.setState({ path: null });
  const tab = useWorkspace.getState().tabs.find((each) => each.path === path);
  const name = placeOf(path);
  if (tab && isDirty(tab) && !(await confirm(text.restoreTitle(name), text.restoreText, text.restore))) return;
  try {
    await api.versions.restore(name, version.id);
    if (tab) {
      useWorkspace.getState().close(tab.id);
      await openSaved(path);
    }
    toast(text.restored(name, whenOf(version)), "ok");
  } catch (error) {
    toast(text.notRestored(whyOf(error)), "error");
  }
}

/** Ask for a name, and give it: to a version, or to what is saved now. An empty one takes a version's away. */
export async function nameVersion(path: string, version: Version | null): Promise<void> {
  useVersions.setState({ path: null }); // the question takes its place
  const refuse = (name: string) => {
    if (name.trim().length > LONGEST_NAME) return text.versionNameTooLong;
    return version === null && name.trim() === "" ? text.nameNeeded : null;
  };
  const hint = version === null ? "" : text.versionNameHint;
  const field = { label: text.versionName, hint, value: version?.name ?? "", refuse };
  const reply = await ask({ title: text.nameTitle, field, answers: [{ id: "yes", label: text.nameYes }] });
  try {
    const name = reply?.value.trim();
    if (name !== undefined && version) await api.versions.name(placeOf(path), version.id, name || null);
    else if (name) await api.versions.keep(placeOf(path), name);
  } catch (error) {
    toast(text.notNamed(whyOf(error)), "error");
  }
  await showVersions(path);
}
