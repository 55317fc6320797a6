import { OWN } from "./marks";
import { setNode } from "./nodes";
import { isFields } from "./same";
import type { Doc, DocNode, NodeId, Op } from "./types";

/** The inputs whose values the server leaves out of saved files: kept at their nodes, under `properties`. */
const PRIVATE = "private";

export function privateOf(node: DocNode): readonly string[] {
  const own = node.properties[OWN];
  const names = isFields(own) ? own[PRIVATE] : [];
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}

/** Marks an input as private, or no longer. What else stands there is kept; what is empty goes. */
export function togglePrivate(doc: Doc, id: NodeId, input: string): Op[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const before = privateOf(node);
  const names = before.includes(input) ? before.filter((name) => name !== input) : [...before, input];
  const { [OWN]: given, ...others } = node.properties;
  const { [PRIVATE]: _, ...kept } = isFields(given) ? given : {};
  const own = names.length > 0 ? { ...kept, [PRIVATE]: names } : kept;
  return setNode(doc, id, { properties: Object.keys(own).length > 0 ? { ...others, [OWN]: own } : others });
}
