import { resizeNode, setNode, setValue } from "../graph/edits";
import type { Doc, DocNode, Op } from "../graph/types";
import { useWorkspace } from "../store/workspace";
import { currentDoc, type Place } from "./slices";
import { t } from "./strings";

/** A node of a tab that isn't active is not on the screen, and nothing can be done to it. */
function edit(place: Place, label: string, ops: (doc: Doc) => readonly Op[], merge?: string): void {
  const doc = currentDoc(place);
  const { active, edit: change } = useWorkspace.getState();
  if (doc?.nodes[place.id] && active === place.tab) change(label, ops(doc), merge);
}

/** `merging`: typing and stepping, of which what follows at once is one step to undo. */
export function editValue(place: Place, name: string, index: number, value: unknown, merging = false): void {
  const merge = merging ? `value:${place.id}:${index}` : undefined;
  edit(place, t.set(name), (doc) => setValue(doc, place.id, index, value), merge);
}

/** Several changes that are undone as one. */
export function editDoc(place: Place, label: string, ops: (doc: Doc) => readonly Op[]): void {
  edit(place, label, ops);
}

export function editNode(place: Place, label: string, partial: Partial<DocNode>): void {
  edit(place, label, (doc) => setNode(doc, place.id, partial));
}

export function editSize(place: Place, size: readonly [number, number]): void {
  edit(place, t.resize, (doc) => resizeNode(doc, place.id, size));
}
