import { incoming, outgoing } from "./connect";
import { inputsOf } from "./inputs";
import type { Doc, InputSpec, NodeId, NodeSpec } from "./types";

/** The two inputs of a node that say a place in a picture; `on` is the input or output that has the picture. */
export interface PointInputs {
  readonly x: InputSpec;
  readonly y: InputSpec;
  readonly on: string | undefined;
}

/** The inputs declared with the options `point: "x"` and `point: "y"`; `point_on` of either names the picture's socket. */
export function pointInputs(spec: NodeSpec): PointInputs | undefined {
  const [x, y] = ["x", "y"].map((axis) => inputsOf(spec).find(({ options }) => options["point"] === axis));
  if (!x || !y) return undefined;
  const on = x.options["point_on"] ?? y.options["point_on"];
  return { x, y, on: typeof on === "string" ? on : undefined };
}

/**
 * The nodes that may show the picture, the likeliest first. For an input: what feeds it, and who else shows that. For an
 * output: what it leads to, through decoders and the like. Without either, and at last, the node itself.
 */
export function picturedAt(doc: Doc, id: NodeId, on: string | undefined): NodeId[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const input = node.inputs.findIndex((each) => each.name === on);
  const output = node.outputs.findIndex((each) => each.name === on);
  const fed = incoming(doc, id).find((link) => input >= 0 && link.toSlot === input);
  if (fed) return [...new Set([fed.from, ...below(doc, fed.from, fed.fromSlot, id), id])];
  if (output >= 0) return [...new Set([...below(doc, id, output, id), id])];
  return [id];
}

/** What an output leads to, nearest first, without one node and what lies behind that. */
function below(doc: Doc, id: NodeId, slot: number, without: NodeId): NodeId[] {
  const seen = new Set(outgoing(doc, id).flatMap((link) => (link.fromSlot === slot ? [link.to] : [])));
  seen.delete(without);
  for (const each of seen) {
    for (const link of outgoing(doc, each)) if (link.to !== without) seen.add(link.to); // what is added is visited too
  }
  return [...seen];
}

/** A place in [0, 1] of the picture's side as the input takes it: whole pixels, or for a FLOAT the part of the side. */
export function pointValue({ type, options }: InputSpec, part: number, side: number): number {
  const inside = Math.min(Math.max(part, 0), 1);
  const value = type === "INT" ? Math.min(Math.floor(inside * side), side - 1) : Math.round(inside * 1000) / 1000;
  return Math.min(Math.max(value, Number(options["min"] ?? -Infinity)), Number(options["max"] ?? Infinity));
}

/** Where a value lies on the picture, as a part of its side: of a pixel the middle. */
export function pointPart({ type }: InputSpec, value: unknown, side: number): number {
  return type === "INT" ? (Number(value) + 0.5) / side : Number(value);
}
