import { api } from "../api/client";
import { ask } from "../files/ask";
import { refreshLibrary, useLibrary, type SavedFile } from "../files/library";
import { placeOf } from "../files/names";
import { whyOf } from "../files/why";
import { toast } from "../shell/toast";
import { sharing as text } from "./strings";

const LONGEST_TAG = 40;
const MOST_TAGS = 30;

type Tags = Readonly<Record<string, readonly string[]>>;

/** Words between commas; of those that differ in case alone, the first. */
export function tagsIn(typed: string): string[] {
  const words = typed.split(",").map((word) => word.trim());
  const byKey = new Map(words.toReversed().map((word) => [word.toLowerCase(), word]));
  return [...byKey.values()].toReversed().filter((word) => word !== "");
}

/** All tags that any of these files has, sorted. */
export function tagsOf(files: readonly SavedFile[], tags: Tags): string[] {
  const found = files.flatMap(({ path }) => tags[placeOf(path)] ?? []);
  const byKey = new Map(found.map((tag) => [tag.toLowerCase(), tag]));
  return [...byKey.values()].sort((a, b) => a.localeCompare(b));
}

/** The files that have a tag; all of them if that is null. */
export function tagged(files: readonly SavedFile[], tags: Tags, wanted: string | null): readonly SavedFile[] {
  if (wanted === null) return files;
  const key = wanted.toLowerCase();
  return files.filter(({ path }) => tags[placeOf(path)]?.some((tag) => tag.toLowerCase() === key));
}

/** Ask for the tags of a workflow of the library, and keep them. */
export async function editTags(path: string): Promise<void> {
  const name = placeOf(path);
  const value = (useLibrary.getState().tags[name] ?? []).join(", ");
  const field = { label: text.tagsField, hint: text.tagsHint, value, refuse };
  const reply = await ask({ title: text.tagsTitle(name), field, answers: [{ id: "yes", label: text.tagsSave }] });
  if (!reply) return;
  try {
    await api.tags.put(name, tagsIn(reply.value));
    await refreshLibrary();
  } catch (error) {
    toast(text.notTagged(name, whyOf(error)), "error");
  }
}

function refuse(typed: string): string | null {
  const tags = tagsIn(typed);
  if (tags.length > MOST_TAGS) return text.tooManyTags;
  return tags.some((tag) => [...tag].length > LONGEST_TAG) ? text.tagTooLong : null;
}
