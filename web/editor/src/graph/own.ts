import { setNode } from "./nodes";
import { type Fields, isFields } from "./same";
import type { Doc, DocNode, Op } from "./types";

/** What only we write at a node, under its `properties`; other programs pass over it. */
const OWN = "wireloom";

export function ownOf(node: DocNode): Readonly<Record<string, unknown>> {
  return ownIn(node.properties);
}

/** The same, of `properties` as they are in a file. */
export function ownIn(properties: unknown): Readonly<Record<string, unknown>> {
  const own = isFields(properties) ? properties[OWN] : undefined;
  return isFields(own) ? own : {};
}

/** What else stands there is kept; what is undefined goes. */
export function setOwn(doc: Doc, node: DocNode, change: Readonly<Record<string, unknown>>): Op[] {
  return setNode(doc, node.id, { properties: withOwn(node.properties, { ...ownOf(node), ...change }) });
}

export function withOwn(properties: Fields, own: Readonly<Record<string, unknown>>): Fields {
  const { [OWN]: _, ...others } = properties;
  const kept = Object.entries(own).filter(([, value]) => value !== undefined);
  return kept.length > 0 ? { ...others, [OWN]: Object.fromEntries(kept) } : others;
}
