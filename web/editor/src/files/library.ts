import { create } from "zustand";
import { api, HttpError, type FileInfo } from "../api/client";
import { FOLDER, isWorkflowFile } from "./names";

/** The user's saved workflows. */
export interface Library {
  readonly state: "loading" | "ready" | "failed";
  readonly files: readonly SavedFile[];
}

export interface SavedFile {
  /** From the user's folder: `workflows/portraits/anna.json`. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** A folder as it is listed: folders first, then files, each by name. */
export interface Folder {
  readonly name: string;
  readonly folders: readonly Folder[];
  readonly files: readonly SavedFile[];
}

export const useLibrary = create<Library>()(() => ({ state: "loading", files: [] }));

export async function refreshLibrary(): Promise<void> {
  try {
    const found = await api.userdata.list(FOLDER);
    useLibrary.setState({ state: "ready", files: found.map(saved).filter(({ path }) => isWorkflowFile(path)) });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    useLibrary.setState({ state: "failed" });
  }
}

/** The files in their folders; with a query, only those with all its words in their path. */
export function treeOf(files: readonly SavedFile[], query = ""): Folder {
  const words = query.toLowerCase().split(/\s+/);
  const wanted = files.filter(({ path }) => words.every((word) => path.toLowerCase().includes(word)));
  return folder("", wanted, 1);
}

/** `depth` is how many parts of the paths lead to this folder. */
function folder(name: string, files: readonly SavedFile[], depth: number): Folder {
  const partOf = ({ path }: SavedFile) => path.split("/")[depth]!;
  const isHere = ({ path }: SavedFile) => path.split("/").length === depth + 1;
  const below = files.filter((file) => !isHere(file));
  const names = [...new Set(below.map(partOf))].sort(byName);
  return {
    name,
    folders: names.map((each) =>
      folder(
        each,
        below.filter((file) => partOf(file) === each),
        depth + 1,
      ),
    ),
    files: files.filter(isHere).sort((a, b) => byName(a.path, b.path)),
  };
}

function saved({ path, modified }: FileInfo): SavedFile {
  return { path: `${FOLDER}/${path}`, modified };
}

const { compare: byName } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
