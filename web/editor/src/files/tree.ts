import type { SavedFile } from "./library";

export type SortBy = "name" | "newest";

/** A line of the library as it is listed. `depth` is how many folders it lies in. */
export type Row =
  | {
      readonly kind: "folder";
      readonly key: string;
      readonly name: string;
      readonly depth: number;
      readonly open: boolean;
      readonly count: number;
    }
  | { readonly kind: "file"; readonly key: string; readonly file: SavedFile; readonly depth: number };

export interface Shown {
  readonly query?: string;
  readonly sortBy?: SortBy;
  /** The folders that are closed, by their paths. A search looks into them all the same. */
  readonly closed?: ReadonlySet<string>;
}

/** The files in their folders, folders first; with a query, only those with all its words in their path. */
export function rowsOf(files: readonly SavedFile[], { query = "", sortBy = "name", closed }: Shown = {}): Row[] {
  const words = query.toLowerCase().split(/\s+/);
  const wanted = files.filter(({ path }) => words.every((word) => path.toLowerCase().includes(word)));
  const isOpen = (path: string) => query !== "" || !closed?.has(path);
  return rowsIn("", wanted, 1, isOpen, sortBy === "name" ? byPath : byAge);
}

/** `parts` is how many parts of the paths lead to this folder. */
function rowsIn(
  folder: string,
  files: readonly SavedFile[],
  parts: number,
  isOpen: (folder: string) => boolean,
  order: (a: SavedFile, b: SavedFile) => number,
): Row[] {
  const here: SavedFile[] = [];
  const below = new Map<string, SavedFile[]>();
  for (const file of files) {
    const path = file.path.split("/");
    const name = path[parts]!;
    if (path.length === parts + 1) here.push(file);
    else if (!below.get(name)?.push(file)) below.set(name, [file]);
  }
  const depth = parts - 1;
  const folders = [...below].sort(([a], [b]) => byName(a, b));
  return [
    ...folders.flatMap(([name, inside]): Row[] => {
      const key = `${folder}${name}/`;
      const open = isOpen(key);
      const row = { kind: "folder", key, name, depth, open, count: inside.length } as const;
      return [row, ...(open ? rowsIn(key, inside, parts + 1, isOpen, order) : [])];
    }),
    ...here.sort(order).map((file): Row => ({ kind: "file", key: file.path, file, depth })),
  ];
}

const { compare: byName } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function byPath(a: SavedFile, b: SavedFile): number {
  return byName(a.path, b.path);
}

function byAge(a: SavedFile, b: SavedFile): number {
  return b.modified - a.modified || byPath(a, b);
}
