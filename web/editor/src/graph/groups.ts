import { readGroup } from "./entries";
import { nextGroupId } from "./ids";
import { same } from "./same";
import type { Doc, DocGroup, Op } from "./types";

/** Draws a frame around part of the canvas. `bounding`: x, y, width, height. */
export function addGroup(
  doc: Doc,
  title: string,
  bounding: DocGroup["bounding"],
  color = "#3f789e",
): { ops: Op[]; id: number } {
  const id = nextGroupId(doc);
  const group = readGroup({ id, title, bounding: [...bounding], color, font_size: 24, flags: {} }, id);
  return { ops: [{ of: "groups", id, before: null, after: group }], id };
}

/** What of a group may be set; `undefined` takes the colour away. */
export type GroupChange = { readonly [K in Exclude<keyof DocGroup, "id">]?: DocGroup[K] | undefined };

export function setGroup(doc: Doc, id: number, partial: GroupChange): Op[] {
  const group = doc.groups[id];
  if (!group) return [];
  const kept = Object.entries({ ...group, ...partial }).filter(([, value]) => value !== undefined);
  const after = Object.fromEntries(kept) as unknown as DocGroup;
  return same(group, after) ? [] : [{ of: "groups", id, before: group, after }];
}

export function removeGroup(doc: Doc, id: number): Op[] {
  const group = doc.groups[id];
  return group ? [{ of: "groups", id, before: group, after: null }] : [];
}
