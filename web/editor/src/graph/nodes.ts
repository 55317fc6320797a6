import { isBorder } from "./border";
import { DEFAULT_SIZE, readNode } from "./entries";
import { counted, nextNodeId } from "./ids";
import { initialValues, inputsOf } from "./inputs";
import { cutAround } from "./links";
import { type Fields, same } from "./same";
import type { Doc, DocNode, InputSpec, NodeId, NodeSpec, Op } from "./types";
import { EDITOR_ONLY_SIZES } from "./virtual";

/** The edits of nodes. Each function returns what is to be done, and changes nothing. */

const OPTIONAL_SHAPE = 7;
const LIST_SHAPE = 6;

/** Adds a node. `values`: what its widgets hold at first, by position. */
export function addNode(
  doc: Doc,
  spec: NodeSpec,
  pos: readonly [number, number],
  values: readonly unknown[] = initialValues(spec),
): { ops: Op[]; id: NodeId } {
  const number = nextNodeId(doc);
  const id = String(number);
  const node = readNode(newNode(spec, { id: number, order: doc.order.length, pos, values }));
  return { ops: [{ of: "nodes", id, before: null, after: node }, ...counted(doc, { lastNodeId: number })], id };
}

interface Fresh {
  readonly id: number | string;
  readonly order: number;
  readonly pos: readonly [number, number];
  readonly values: readonly unknown[];
}

/** A new node as editors write it. */
export function newNode(spec: NodeSpec, { id, order, pos, values }: Fresh): Fields {
  return {
    id,
    type: spec.name,
    pos: [...pos],
    size: [...sizeOf(spec)],
    flags: {},
    order,
    mode: 0,
    inputs: sockets(spec).map(newInput),
    outputs: spec.output.map((type, slot) => newOutput(spec, type, slot)),
    properties: { "Node name for S&R": spec.name },
    widgets_values: [...values],
  };
}

/** Plain sockets first, then those beside widgets. */
function sockets(spec: NodeSpec): InputSpec[] {
  const shown = inputsOf(spec).filter((input) => !(input.isWidget && input.options["socketless"]));
  return [...shown.filter((input) => !input.isWidget), ...shown.filter((input) => input.isWidget)];
}

function newInput({ name, type, optional, isWidget }: InputSpec): Fields {
  const shape = optional ? { shape: OPTIONAL_SHAPE } : {};
  return { name, type, ...shape, ...(isWidget ? { widget: { name } } : {}), link: null };
}

function newOutput(spec: NodeSpec, type: unknown, slot: number): Fields {
  const shape = spec.output_is_list?.[slot] ? { shape: LIST_SHAPE } : {};
  const kind = Array.isArray(type) ? "COMBO" : String(type); // what the choices of a combo are is the target's business
  return { name: spec.output_name?.[slot] || kind, type: kind, ...shape, links: null };
}

const LINE = 24;
const TEXT = 120;

/** Pixels: as high as its lines, and wider if it holds text. */
function sizeOf(spec: NodeSpec): readonly [number, number] {
  const own = EDITOR_ONLY_SIZES[spec.name];
  if (own) return own;
  const inputs = inputsOf(spec);
  const texts = inputs.filter((input) => input.isWidget && input.options["multiline"]).length;
  const plain = inputs.filter((input) => !input.isWidget).length;
  const lines = Math.max(plain, spec.output.length) + initialValues(spec).length - texts;
  return [texts > 0 ? 400 : Math.max(270, DEFAULT_SIZE[0]), LINE * (lines + 1) + TEXT * texts];
}

/** Takes nodes away with their links; those at the border of a subgraph stay. `heal`: what they stood between is joined, where the types fit. */
export function removeNodes(doc: Doc, ids: Iterable<NodeId>, { heal = false }: { heal?: boolean } = {}): Op[] {
  const gone = new Set([...ids].filter((id) => doc.nodes[id] && !isBorder(doc.nodes[id])));
  if (gone.size === 0) return [];
  const left = doc.order.filter((id) => !gone.has(id));
  return [
    // First, so that undoing ends with it: nodes that come back lie where they lay.
    { of: "doc", before: { order: doc.order }, after: { order: left } },
    ...cutAround(doc, gone, heal),
    ...[...gone].map((id): Op => ({ of: "nodes", id, before: doc.nodes[id]!, after: null })),
  ];
}

export function moveNodes(doc: Doc, to: ReadonlyMap<NodeId, readonly [number, number]>): Op[] {
  return [...to].flatMap(([id, pos]) => setNode(doc, id, { pos: [pos[0], pos[1]] }));
}

export function resizeNode(doc: Doc, id: NodeId, size: readonly [number, number]): Op[] {
  return setNode(doc, id, { size: [size[0], size[1]] });
}

/** What of a node may be set; `undefined` takes a title or a colour away. */
export type NodeChange = { readonly [K in Exclude<keyof DocNode, "id">]?: DocNode[K] | undefined };

/** Sets title, colours, mode, flags, ... of a node. */
export function setNode(doc: Doc, id: NodeId, partial: NodeChange): Op[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const kept = Object.entries({ ...node, ...partial }).filter(([, value]) => value !== undefined);
  const after = Object.fromEntries(kept) as unknown as DocNode;
  return same(node, after) ? [] : [{ of: "nodes", id, before: node, after }];
}

/** Puts nodes above all others. */
export function raiseNodes(doc: Doc, ids: Iterable<NodeId>): Op[] {
  const raised = new Set(ids);
  const order = [...doc.order.filter((id) => !raised.has(id)), ...doc.order.filter((id) => raised.has(id))];
  return same(order, doc.order) ? [] : [{ of: "doc", before: { order: doc.order }, after: { order } }];
}
