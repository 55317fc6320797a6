import { setNode } from "./nodes";
import { type Fields, isFields } from "./same";
import type { Doc, DocNode, NodeId, Op } from "./types";

/**
 * Sets the value of a widget by its index (`Widget.index`). Values that a file holds by name need `name` as well, if it
 * is not among them yet; give it where you know it.
 */
export function setValue(doc: Doc, id: NodeId, index: number, value: unknown, name?: string): Op[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const values = isFields(node.values)
    ? setNamed(node.values, index, value, name)
    : setListed(node.values, index, value);
  return setNode(doc, id, { values, rest: renamed(node, index, value, name) });
}

function setListed(values: DocNode["values"], index: number, value: unknown): unknown[] {
  const list = values as readonly unknown[];
  const length = Math.max(list.length, index + 1);
  return Array.from({ length }, (_, at) => (at === index ? value : (list[at] ?? null)));
}

function setNamed(values: Fields, index: number, value: unknown, name?: string): Fields {
  const key = name ?? Object.keys(values)[index];
  if (key === undefined) throw new Error(`The value ${index} has no name, and the node holds its values by name.`);
  return { ...values, [key]: value };
}

/** Values that a file holds by name beside the list (`widgets_values_named`) win when it is read, so they must follow. */
function renamed(node: DocNode, index: number, value: unknown, name?: string): DocNode["rest"] {
  const named = node.rest["widgets_values_named"];
  if (!isFields(named)) return node.rest;
  const parallel = Array.isArray(node.values) && Object.keys(named).length === node.values.length;
  const key = name ?? (parallel ? Object.keys(named)[index] : undefined);
  if (key === undefined) {
    const { widgets_values_named: _, ...others } = node.rest;
    return others; // the list alone is right
  }
  return key in named ? { ...node.rest, widgets_values_named: { ...named, [key]: value } } : node.rest;
}
