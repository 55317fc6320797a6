import { INPUTS_TYPE, OUTPUTS_TYPE } from "../graph/border";
import { fits, incoming } from "../graph/connect";
import { inputsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import type { Doc, NodeSpec, Specs } from "../graph/types";
import { type End, typeAt, whyNotJoin } from "./wire";

/** The socket of a node that a wire from elsewhere goes to best: free ones first, and of those the first that fits. */
export function firstFitting(doc: Doc, specs: Specs, from: End, node: string): End | null {
  const ends = from.handle.side === "out" ? inputEnds(doc, specs, node) : outputEnds(doc, node);
  const type = typeAt(doc, specs, from);
  const fitting = ends.filter((end) => whyNotJoin(doc, specs, from, end) === null);
  const taken = new Set(incoming(doc, node).map((link) => link.toSlot));
  const isFree = ({ handle }: End) => handle.side !== "in" || !taken.has(handle.slot);
  const isExact = (end: End) => typeAt(doc, specs, end) === type;
  const rank = (end: End) => (isFree(end) ? 2 : 0) + (isExact(end) ? 1 : 0);
  return fitting.sort((a, b) => rank(b) - rank(a))[0] ?? null;
}

function outputEnds(doc: Doc, node: string): End[] {
  const { type, outputs = [] } = doc.nodes[node] ?? {};
  const count = outputs.length + (type === INPUTS_TYPE ? 1 : 0); // a subgraph can get another input
  return Array.from({ length: count }, (_, slot) => ({ node, handle: { side: "out", slot } }));
}

/** Plain sockets, then those of widgets. */
function inputEnds(doc: Doc, specs: Specs, id: string): End[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const sockets = node.inputs.flatMap((input, slot): End[] =>
    input.widget === undefined ? [{ node: id, handle: { side: "in", slot } }] : [],
  );
  if (node.type === OUTPUTS_TYPE) sockets.push({ node: id, handle: { side: "in", slot: node.inputs.length } });
  const spec = specOf(doc, node, specs);
  const widgets = spec ? inputsOf(spec).filter((input) => input.isWidget) : [];
  return [...sockets, ...widgets.map(({ name }): End => ({ node: id, handle: { side: "widget", name } }))];
}

/** All sockets of a node: what it takes, then what it gives. */
export function endsOf(doc: Doc, specs: Specs, node: string): End[] {
  return [...inputEnds(doc, specs, node), ...outputEnds(doc, node)];
}

/** Whether a node of this type can lie in a wire: something in it takes the type, and something gives it. */
export function fitsInto(spec: NodeSpec, type: string): boolean {
  return (
    inputsOf(spec).some((input) => fits(type, input.type)) && spec.output.some((output) => fits(String(output), type))
  );
}
