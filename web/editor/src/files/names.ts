/** What workflows are called, and where that puts them in the library. */

export const FOLDER = "workflows";
const SUFFIX = ".json";
/** Of a part of a path, in characters: below the 255 bytes of file systems, in every script. */
const LONGEST_PART = 80;
/** What some file system, or an address, gives a meaning of its own. */
const UNFIT = /[\\:*?"<>|%\u0000-\u001f]/;
const NUMBERED = /^(.*?) \((\d+)\)$/;

/** The folder of what the editor keeps beside the workflows. */
export const OWN = "wireloom";
const TRASHED = /^(.+)~([0-9a-z]+)\.json$/;

/** Where a workflow of this name lies; `/` in a name makes folders. */
export function pathOf(name: string): string {
  return `${FOLDER}/${name}${SUFFIX}`;
}

/** The name with its folders: what `pathOf` makes the path of. */
export function placeOf(path: string): string {
  const below = path.startsWith(`${FOLDER}/`) ? path.slice(FOLDER.length + 1) : path;
  return below.endsWith(SUFFIX) ? below.slice(0, -SUFFIX.length) : below;
}

/** The name alone: what a tab is called. */
export function nameOf(path: string): string {
  return placeOf(path).split("/").at(-1) ?? path;
}

/** Where the picture of a workflow in the library lies. */
export function thumbnailOf(path: string): string {
  return `${OWN}/thumbnails/${placeOf(path)}.webp`;
}

/** Where a workflow goes that is deleted at this time. */
export function trashOf(path: string, at: number): string {
  return `${OWN}/trash/${placeOf(path)}~${at.toString(36)}.json`;
}

/** What `trashOf` was given, but the place in place of the path; null if it gave another path. */
export function fromTrash(path: string): { place: string; deleted: number } | null {
  const [, place, at] = (path.startsWith(`${OWN}/trash/`) && TRASHED.exec(path.slice(OWN.length + 7))) || [];
  return place === undefined || at === undefined ? null : { place, deleted: parseInt(at, 36) };
}

export function isWorkflowFile(path: string): boolean {
  return path.endsWith(SUFFIX);
}

export type Unfit = "empty" | "signs" | "dots" | "long";

/** What keeps a workflow from being called this; null if nothing does. */
export function unfit(name: string): Unfit | null {
  const parts = name.split("/");
  if (parts.some((part) => part.trim() === "")) return "empty";
  if (UNFIT.test(name)) return "signs";
  if (parts.some((part) => part.startsWith(".") || /[. ]$/.test(part))) return "dots";
  return parts.some((part) => part.length > LONGEST_PART) ? "long" : null;
}

/** A file's name made into one that a workflow can have. */
export function nameFromFile(file: string): string {
  const bare = file.replace(/\.[^.]+$/, "").replace(new RegExp(UNFIT.source + "|/", "g"), "_");
  // Cut first: what the cut leaves at the end may be a dot or a space again.
  const cut = bare.replace(/^[.\s]+/, "").slice(0, LONGEST_PART);
  return cut.replace(/[.\s]+$/, "");
}

/** The wanted name, with a number if it is taken: `a`, `a (2)`, `a (3)`. */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const all = new Set(taken);
  if (!all.has(wanted)) return wanted;
  const [, base = wanted, first = "1"] = NUMBERED.exec(wanted) ?? [];
  let number = Number(first) + 1;
  while (all.has(`${base} (${number})`)) number += 1;
  return `${base} (${number})`;
}
