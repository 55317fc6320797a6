import { create } from "zustand";
import { api, HttpError, type FileInfo } from "../api/client";
import { FOLDER, fromTrash, isWorkflowFile, OWN } from "./names";

/** The user's saved workflows. */
export interface Library {
  readonly state: "loading" | "ready" | "failed";
  readonly files: readonly SavedFile[];
  /** When each picture of a workflow was made, by its path. */
  readonly thumbnails: Readonly<Record<string, number>>;
  /** Words by which the user sorts them, by their names with their folders. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  /** What was deleted, newest first. */
  readonly trash: readonly Trashed[];
}

export interface SavedFile {
  /** From the user's folder: `workflows/portraits/anna.json`. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

export interface Trashed {
  readonly path: string;
  /** Its name with its folders, when it was in the library. */
  readonly place: string;
  readonly deleted: number;
}

export const useLibrary = create<Library>()(() => ({
  state: "loading",
  files: [],
  thumbnails: {},
  tags: {},
  trash: [],
}));

export async function refreshLibrary(): Promise<void> {
  try {
    const [found, own, tags] = await Promise.all([api.userdata.list(FOLDER), api.userdata.list(OWN), api.tags.all()]);
    const beside = own.map(saved(OWN));
    useLibrary.setState({
      state: "ready",
      files: found.map(saved(FOLDER)).filter(({ path }) => isWorkflowFile(path)),
      thumbnails: Object.fromEntries(beside.filter(isThumbnail).map(({ path, modified }) => [path, modified])),
      tags,
      trash: beside.flatMap(asTrashed).sort((a, b) => b.deleted - a.deleted),
    });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    useLibrary.setState({ state: "failed" });
  }
}

function saved(folder: string) {
  return ({ path, modified }: FileInfo): SavedFile => ({ path: `${folder}/${path}`, modified });
}

function isThumbnail({ path }: SavedFile): boolean {
  return path.startsWith(`${OWN}/thumbnails/`);
}

function asTrashed({ path }: SavedFile): Trashed[] {
  const was = fromTrash(path);
  return was ? [{ path, ...was }] : [];
}
