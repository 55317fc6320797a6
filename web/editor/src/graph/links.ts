import { fits, incoming, outgoing, outputType } from "./connect";
import { readInput } from "./entries";
import { counted, nextLinkId } from "./ids";
import { inputsOf } from "./inputs";
import { applyAll } from "./ops";
import type { Doc, DocLink, DocNode, NodeId, NodeSpec, Op, Specs } from "./types";

/** The edits of links. Each function returns what is to be done, and changes nothing. */

/** Wires an output to an input, in place of what the input had. Nothing if one of the nodes is gone. */
export function connect(doc: Doc, from: NodeId, fromSlot: number, to: NodeId, toSlot: number): Op[] {
  if (!doc.nodes[from] || !doc.nodes[to]) return [];
  const had = incoming(doc, to).filter((link) => link.toSlot === toSlot);
  if (had.length === 1 && had[0]!.from === from && had[0]!.fromSlot === fromSlot) return [];
  const id = nextLinkId(doc);
  const type = outputType(doc, from, fromSlot) ?? "*";
  const link: DocLink = { id, from, fromSlot, to, toSlot, type, rest: {} };
  return [
    ...had.flatMap((each) => disconnect(doc, each.id)),
    { of: "links", id, before: null, after: link },
    ...counted(doc, { lastLinkId: id }),
  ];
}

/** Wires an output to a widget; the widget gets a socket if it has none. */
export function connectWidget(
  doc: Doc,
  from: NodeId,
  fromSlot: number,
  to: NodeId,
  widget: string,
  spec: NodeSpec | undefined,
): Op[] {
  const ops = addSocket(doc, to, widget, spec);
  const now = applyAll(doc, ops);
  const slot = now.nodes[to]?.inputs.findIndex((input) => (input.widget ?? input.name) === widget) ?? -1;
  return slot < 0 ? [] : [...ops, ...connect(now, from, fromSlot, to, slot)];
}

/** Gives a widget an input socket. */
function addSocket(doc: Doc, id: NodeId, widget: string, spec: NodeSpec | undefined): Op[] {
  const node = doc.nodes[id];
  const declared = spec && inputsOf(spec).find((input) => input.name === widget);
  if (!node || !declared || node.inputs.some((input) => (input.widget ?? input.name) === widget)) return [];
  const socket = readInput({ name: widget, type: declared.type, widget: { name: widget }, link: null });
  return [{ of: "nodes", id, before: node, after: { ...node, inputs: [...node.inputs, socket] } }];
}

export function disconnect(doc: Doc, linkId: number): Op[] {
  const link = doc.links[linkId];
  return link ? [{ of: "links", id: linkId, before: link, after: null }] : [];
}

/** Puts a node on a wire: into it goes what ran through the wire, and on goes what it makes. Nothing if it does not fit. */
export function insertOnLink(doc: Doc, linkId: number, nodeId: NodeId, specs: Specs): Op[] {
  const link = doc.links[linkId];
  const node = doc.nodes[nodeId];
  if (!link || !node || link.from === nodeId || link.to === nodeId) return [];
  const [taken, given] = [freeInput(doc, node, link), givenOutput(doc, node, link, specs)];
  if (taken < 0 || given < 0) return [];
  const first = connect(doc, link.from, link.fromSlot, nodeId, taken);
  return [...first, ...connect(applyAll(doc, first), nodeId, given, link.to, link.toSlot)];
}

/** The first plain input that has no wire yet and takes what runs through a link; -1 if there is none. */
function freeInput(doc: Doc, node: DocNode, link: DocLink): number {
  const type = outputType(doc, link.from, link.fromSlot) ?? link.type;
  const used = new Set(incoming(doc, node.id).map((each) => each.toSlot));
  return node.inputs.findIndex(
    (input, slot) => input.widget === undefined && !used.has(slot) && fits(type, input.type),
  );
}

function givenOutput(doc: Doc, node: DocNode, link: DocLink, specs: Specs): number {
  const target = doc.nodes[link.to];
  const socket = target?.inputs[link.toSlot];
  const spec = target && specs[target.type];
  const declared = spec && inputsOf(spec).find((input) => input.name === socket?.name);
  const type = declared?.type ?? socket?.type ?? link.type;
  return node.outputs.findIndex((output) => fits(output.type, type));
}

/**
 * What nodes leave behind when they go: their links are cut, and with `heal` each wire that led away from them comes from
 * what fed them instead, if that fits.
 */
export function cutAround(doc: Doc, gone: ReadonlySet<NodeId>, heal: boolean): Op[] {
  const cut = Object.values(doc.links).filter((link) => gone.has(link.from) || gone.has(link.to));
  const ops: Op[] = cut.map((link) => ({ of: "links", id: link.id, before: link, after: null }));
  if (!heal) return ops;
  let id = nextLinkId(doc);
  for (const link of cut) {
    const source = gone.has(link.to) ? null : sourceBehind(doc, gone, link);
    if (!source) continue;
    const type = outputType(doc, source.from, source.fromSlot) ?? "*";
    const after: DocLink = {
      id,
      from: source.from,
      fromSlot: source.fromSlot,
      to: link.to,
      toSlot: link.toSlot,
      type,
      rest: {},
    };
    ops.push({ of: "links", id, before: null, after });
    id += 1;
  }
  return [...ops, ...counted(doc, { lastLinkId: Math.max(doc.lastLinkId, id - 1) })];
}

/** What fed the nodes that go, and fits where this link leads; as a bypassed node would pass it on. */
function sourceBehind(doc: Doc, gone: ReadonlySet<NodeId>, link: DocLink): DocLink | null {
  const taken = doc.nodes[link.to]?.inputs[link.toSlot]?.type ?? link.type;
  const seen = new Set<NodeId>();
  let at = link;
  while (gone.has(at.from)) {
    if (seen.has(at.from)) return null;
    seen.add(at.from);
    const feeding = incoming(doc, at.from).filter((each) =>
      fits(outputType(doc, each.from, each.fromSlot) ?? "*", taken),
    );
    const next = feeding.find((each) => each.toSlot === at.fromSlot) ?? feeding[0];
    if (!next) return null;
    at = next;
  }
  return at;
}

/** The links among some nodes. */
export function linksAmong(doc: Doc, ids: ReadonlySet<NodeId>): DocLink[] {
  return [...ids].flatMap((id) => outgoing(doc, id).filter((link) => ids.has(link.to)));
}
