import { definitionOf, definitionsOf, holds } from "./definitions";
import { fieldsIn } from "./entries";
import { levelOf } from "./levels";
import { ownIn, ownOf, setOwn } from "./own";
import { promotedBy } from "./promote";
import { INPUTS } from "./border";
import { isFields } from "./same";
import { innerSockets } from "./subgraphs";
import type { Doc, DocNode, NodeId, Op } from "./types";
import { placeAt } from "./within";

/** The inputs that a sweep goes over, with what it is to put there: kept at their nodes. An ordinary run knows nothing of it. */

/** A sheet has columns and rows. */
export const MOST_AXES = 2;

/** An input of a node; `path` are the nodes around it that stand for subgraphs, from the outside in. */
export interface InputPlace {
  readonly path: readonly NodeId[];
  readonly id: NodeId;
  readonly input: string;
}

export interface Axis extends InputPlace {
  readonly node: DocNode;
  /** The values, as they were typed. */
  readonly text: string;
}

const NONE: Readonly<Record<string, string>> = {};

/** What the inputs of a node are swept over. */
export function axesOn(node: DocNode): Readonly<Record<string, string>> {
  const { axes } = ownOf(node);
  if (!isFields(axes)) return NONE;
  return Object.fromEntries(
    Object.entries(axes).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Has a sweep go over an input; without a text no longer. */
export function setAxis(doc: Doc, id: NodeId, input: string, text: string | null): Op[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const { [input]: _, ...others } = axesOn(node);
  const axes = text === null ? others : { ...axesOn(node), [input]: text };
  return setOwn(doc, node, { axes: Object.keys(axes).length > 0 ? axes : undefined });
}

const found = new WeakMap<Doc, readonly Axis[]>();

/** All of a workflow, subgraphs included, one for each node that stands for those. The first is that of the columns. */
export function axesOf(doc: Doc): readonly Axis[] {
  let axes = found.get(doc);
  if (!axes) found.set(doc, (axes = collect(doc, doc, marked(doc), [])));
  return axes;
}

/** The subgraphs that have an axis of their own. */
function marked(doc: Doc): string[] {
  return definitionsOf(doc).flatMap((each) =>
    fieldsIn(each["nodes"]).some(({ properties }) => "axes" in ownIn(properties)) ? [String(each["id"])] : [],
  );
}

function collect(doc: Doc, level: Doc, inside: readonly string[], path: readonly NodeId[]): Axis[] {
  return level.order.flatMap((id) => {
    const node = level.nodes[id];
    if (!node) return [];
    const own = Object.entries(axesOn(node)).map(([input, text]) => ({ path, id, input, node, text }));
    const leads = inside.some((each) => holds(doc, node.type, each)) && definitionOf(doc, node.type) !== undefined;
    const inner = leads ? levelOf(doc, node.type) : undefined;
    return inner ? [...own, ...collect(doc, inner, inside, [...path, id])] : own;
  });
}

/**
 * How the server calls an input: `5:2.steps`. That of a node that stands for a subgraph is one of a node within; null if
 * it is none, or leads to several.
 */
export function addressOf(doc: Doc, { path, id, input }: InputPlace): string | null {
  const node = placeAt(doc, path).doc.nodes[id];
  if (!node) return null;
  const definition = definitionOf(doc, node.type);
  if (!definition) return `${[...path, id].join(":")}.${input}`;
  const slot = fieldsIn(definition["inputs"]).findIndex(({ name }) => name === input);
  const [socket, ...others] = innerSockets(definition, slot);
  if (!socket || others.length > 0) return null;
  const { node: inner, input: into } = socket;
  return addressOf(doc, { path: [...path, id], id: String(inner["id"]), input: String(into["name"]) });
}

/** Where the value stands that the server calls so: a widget that a subgraph shows outside has its value there. */
export function placeOfAddress(doc: Doc, address: string): InputPlace | null {
  const dot = address.lastIndexOf(".");
  let path = address.slice(0, dot).split(":");
  let input = address.slice(dot + 1);
  for (;;) {
    const id = path[path.length - 1]!;
    const around = path.slice(0, -1);
    const place = placeAt(doc, around);
    if (place.path.length < around.length || !place.doc.nodes[id]) return null;
    const port = around.length > 0 ? promotedBy(place.doc, id, input) : null;
    if (!port) return { path: around, id, input };
    input = place.doc.nodes[INPUTS]?.outputs[port.fromSlot]?.name ?? input;
    path = around;
  }
}
