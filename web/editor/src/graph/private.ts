import { ownOf, setOwn } from "./own";
import type { Doc, DocNode, NodeId, Op } from "./types";

/** The inputs whose values the server leaves out of saved files: kept at their nodes. */

export function privateOf(node: DocNode): readonly string[] {
  const { private: names } = ownOf(node);
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}

/** Marks an input as private, or no longer. */
export function togglePrivate(doc: Doc, id: NodeId, input: string): Op[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const before = privateOf(node);
  const names = before.includes(input) ? before.filter((name) => name !== input) : [...before, input];
  return setOwn(doc, node, { private: names.length > 0 ? names : undefined });
}
