import { setNode } from "./nodes";
import { isFields } from "./same";
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
  const { [OWN]: _, ...others } = node.properties;
  const own = Object.entries({ ...ownOf(node), ...change }).filter(([, value]) => value !== undefined);
  const properties = own.length > 0 ? { ...others, [OWN]: Object.fromEntries(own) } : others;
  return setNode(doc, node.id, { properties });
}
