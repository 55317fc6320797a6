import { api, HttpError } from "../api/client";
import { place, type Read, type Written } from "../api/userdata";
import { toast } from "../shell/toast";
import type { Tab } from "../store/workspace";
import { ask, confirm } from "./ask";
import { refreshLibrary } from "./library";
import { placeOf } from "./names";
import { openAddress } from "./open";
import { isAway, notOnceBack, onceBack } from "./retry";
import { files as text } from "./strings";
import { keepThumbnail } from "./thumbnails";
import { follow, nowIn } from "./version";
import { whyOf } from "./why";

/** A workflow on its way into the library. `own`: the tab has that file, so it may be replaced as the tab knows it. */
export interface Writing {
  readonly tab: Tab;
  readonly path: string;
  readonly content: string;
  readonly own: boolean;
  /** Ask for another name, and save it there. */
  saveCopy(): Promise<boolean>;
}

/** Write it; true if it is there now. What is in the way is told or asked. */
export async function written(writing: Writing): Promise<boolean> {
  const { tab, path, content, own } = writing;
  const name = placeOf(path);
  const write = (overwrite: boolean, version: string | null = null) =>
    api.userdata.write(path, content, { overwrite, version });
  try {
    const done = await (own ? write(true, tab.version ?? null) : unlessTaken(name, write));
    return done ? settled(writing, done) : false;
  } catch (error) {
    return error instanceof HttpError && error.status === 412 ? clash(writing) : failed(writing, error);
  }
}

function failed(writing: Writing, error: unknown): false {
  const name = placeOf(writing.path);
  if (!isAway(error)) toast(text.notSaved(name, whyOf(error)), "error");
  else {
    onceBack(writing.tab.id, () => written(writing));
    toast(text.savedLater(name), "error");
  }
  return false;
}

/** Do it without replacing anything; if something is there, ask, and do it after all. Null if the user would not. */
export async function unlessTaken<T>(name: string, task: (overwrite: boolean) => Promise<T>): Promise<T | null> {
  try {
    return await task(false);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 409) throw error;
    const replace = await confirm(text.overwriteTitle(name), text.overwriteText, text.overwrite);
    return replace ? task(true) : null;
  }
}

async function settled({ tab, path }: Writing, { version }: Written): Promise<true> {
  notOnceBack(tab.id);
  follow(path, null); // another tab that had this file has none now
  nowIn(tab, path, version);
  toast(text.saved(placeOf(path)), "ok");
  await refreshLibrary();
  void keepThumbnail(tab.id);
  return true;
}

/** The file is not as this tab read it. Whose is to stay is asked; if it is gone, there is nothing to ask. */
async function clash(writing: Writing): Promise<boolean> {
  const { tab, path } = writing;
  const name = placeOf(path);
  let theirs: Read | null;
  try {
    theirs = await theirsOf(path);
  } catch (error) {
    return failed(writing, error);
  }
  const anyway = () => written({ ...writing, tab: { ...tab, version: theirs?.version ?? null } });
  if (!theirs) return anyway();
  const reply = await ask({
    title: text.clashTitle(name),
    text: text.clashText,
    answers: [
      { id: "look", label: text.clashLook },
      { id: "replace", label: text.clashReplace, danger: true },
      { id: "copy", label: text.clashCopy },
    ],
  });
  if (reply?.answer === "replace") return anyway();
  if (reply?.answer === "copy") return writing.saveCopy();
  if (reply?.answer === "look") await openAddress(place(path), text.theirs(name));
  return false;
}

async function theirsOf(path: string): Promise<Read | null> {
  try {
    return await api.userdata.read(path);
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return null;
    throw error;
  }
}
