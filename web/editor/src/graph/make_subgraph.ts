import { INPUTS, isBorder, OUTPUTS } from "./border";
import { copied } from "./clipboard";
import { incoming, inputType, outgoing, outputType, reaches } from "./connect";
import { define } from "./definitions";
import { fieldsIn, readNode } from "./entries";
import { removeGroup } from "./groups";
import { counted, nextLinkId, nextNodeId } from "./ids";
import { innerValue, isWidget } from "./instances";
import { levelOf } from "./levels";
import { connect } from "./links";
import { removeNodes } from "./nodes";
import { applyAll } from "./ops";
import { freeAmong } from "./ports";
import { graph as t } from "./strings";
import type { Fields } from "./same";
import type { Doc, DocLink, DocNode, NodeId, Op, Specs } from "./types";

/** What a subgraph is made of, and ids that nothing else has. */
export interface Making {
  readonly nodes: readonly NodeId[];
  readonly groups?: readonly number[];
  readonly name: string;
  newId(): string;
}

const GAP = 120;
const WIDTH = 150;
const LINE = 24;

/** Why these nodes cannot become a subgraph; null if they can. */
export function whyNotTogether(doc: Doc, ids: readonly NodeId[]): string | null {
  const chosen = chosenOf(doc, ids);
  if (chosen.size === 0) return t.nothingChosen;
  const after = [...chosen].flatMap((id) => outgoing(doc, id).map(({ to }) => to)).filter((id) => !chosen.has(id));
  const isAround = after.some((from) => [...chosen].some((to) => reaches(doc, from, to)));
  return isAround ? t.aroundItself : null;
}

function chosenOf(doc: Doc, ids: readonly NodeId[]): ReadonlySet<NodeId> {
  return new Set(ids.filter((id) => doc.nodes[id] && !isBorder(doc.nodes[id])));
}

/**
 * Puts nodes into a subgraph of their own, and a node that stands for it in their place. Each output that feeds them
 * becomes one input of it, each of theirs that is used elsewhere an output.
 */
export function makeSubgraph(doc: Doc, making: Making, specs: Specs): { ops: Op[]; id: NodeId } | null {
  if (whyNotTogether(doc, making.nodes) !== null) return null;
  const chosen = chosenOf(doc, making.nodes);
  const border = crossing(doc, chosen, specs);
  const definition = described(doc, making, chosen, border);
  const ops = define(doc, [definition]);
  const level = levelOf(applyAll(doc, ops), String(definition["id"]))!;
  const number = nextNodeId(doc);
  const node = instance(level, number, doc.order.length, middle(doc, chosen), specs);
  ops.push(
    ...removeNodes(doc, chosen),
    ...(making.groups ?? []).flatMap((id) => removeGroup(doc, id)),
    { of: "nodes", id: node.id, before: null, after: node },
    ...counted(doc, { lastNodeId: number }),
  );
  for (const wire of wiresTo(border, node.id)) {
    const now = applyAll(doc, ops);
    ops.push(...connect(now, wire.from, wire.fromSlot, wire.to, wire.toSlot));
  }
  return { ops, id: node.id };
}

/** An input or output that the subgraph will have: the wires that cross there, all of one source. */
interface Crossing {
  readonly name: string;
  readonly type: string;
  readonly links: readonly DocLink[];
}

interface Border {
  readonly inputs: readonly Crossing[];
  readonly outputs: readonly Crossing[];
}

/** From top to bottom, as the sockets lie. */
function crossing(doc: Doc, chosen: ReadonlySet<NodeId>, specs: Specs): Border {
  const down = [...chosen].toSorted((a, b) => doc.nodes[a]!.pos[1] - doc.nodes[b]!.pos[1]);
  const into = down.flatMap((id) => bySlot(incoming(doc, id), "toSlot")).filter(({ from }) => !chosen.has(from));
  const from = down.flatMap((id) => bySlot(outgoing(doc, id), "fromSlot")).filter(({ to }) => !chosen.has(to));
  const typeOf = ({ to, toSlot, type }: DocLink) => inputType(doc, specs, to, toSlot) ?? type;
  const named = (groups: readonly DocLink[][], name: (link: DocLink) => string, type: (link: DocLink) => string) => {
    const taken = new Set<string>();
    return groups.map((links): Crossing => {
      const free = freeAmong(taken, name(links[0]!));
      taken.add(free);
      return { name: free, type: type(links[0]!), links };
    });
  };
  const inputName = ({ to, toSlot, type }: DocLink) => doc.nodes[to]?.inputs[toSlot]?.name || type;
  const outputName = ({ from: id, fromSlot, type }: DocLink) => doc.nodes[id]?.outputs[fromSlot]?.name || type;
  return {
    inputs: named(bySource(into), inputName, typeOf),
    outputs: named(bySource(from), outputName, (link) => outputType(doc, link.from, link.fromSlot) ?? link.type),
  };
}

function bySlot(links: readonly DocLink[], slot: "fromSlot" | "toSlot"): DocLink[] {
  return links.toSorted((a, b) => a[slot] - b[slot] || a.id - b.id);
}

function bySource(links: readonly DocLink[]): DocLink[][] {
  const groups = new Map<string, DocLink[]>();
  for (const link of links) {
    const key = `${link.from}:${link.fromSlot}`;
    groups.set(key, [...(groups.get(key) ?? []), link]);
  }
  return [...groups.values()];
}

/** As files have it, with the nodes as they were, under their own numbers. */
function described(doc: Doc, making: Making, chosen: ReadonlySet<NodeId>, border: Border): Fields {
  const clip = copied(doc, chosen, making.groups);
  const nodes = new Map(clip.nodes.map((node) => [String(node["id"]), { ...node }]));
  let last = nextLinkId(doc) - 1;
  const links: Fields[] = [...clip.links];
  const inputs = border.inputs.map(({ links: crossed, ...port }, slot) => {
    const linkIds = crossed.map((link) => {
      links.push(wire(++last, Number(INPUTS), slot, link.to, link.toSlot, port.type));
      setSocket(nodes.get(link.to)!, "inputs", link.toSlot, () => ({ link: last }));
      return last;
    });
    return { id: making.newId(), ...port, linkIds, pos: [0, 0] };
  });
  const outputs = border.outputs.map(({ links: [first], ...port }, slot) => {
    links.push(wire(++last, first!.from, first!.fromSlot, Number(OUTPUTS), slot, port.type));
    const id = last;
    setSocket(nodes.get(first!.from)!, "outputs", first!.fromSlot, (socket) => ({
      links: [...((socket["links"] as number[] | null) ?? []), id],
    }));
    return { id: making.newId(), ...port, linkIds: [last], pos: [0, 0] };
  });
  const { left, top, right } = boxOf(doc, chosen);
  const borderBox = (x: number, ports: number) => [x, top, WIDTH, LINE * (ports + 1)];
  return {
    id: making.newId(),
    version: 1,
    state: { lastGroupId: 0, lastNodeId: nextNodeId(doc) - 1, lastLinkId: last, lastRerouteId: 0 },
    revision: 0,
    config: {},
    name: making.name,
    inputNode: { id: Number(INPUTS), bounding: borderBox(left - GAP - WIDTH, inputs.length) },
    outputNode: { id: Number(OUTPUTS), bounding: borderBox(right + GAP, outputs.length) },
    inputs,
    outputs,
    widgets: [],
    nodes: [...nodes.values()],
    groups: [...clip.groups],
    links,
    extra: {},
  };
}

function wire(id: number, from: unknown, fromSlot: number, to: unknown, toSlot: number, type: string): Fields {
  const written = (node: unknown) => (typeof node === "string" && /^\d+$/.test(node) ? Number(node) : node);
  return {
    id,
    origin_id: written(from),
    origin_slot: fromSlot,
    target_id: written(to),
    target_slot: toSlot,
    type,
  };
}

function setSocket(node: Fields, side: "inputs" | "outputs", slot: number, change: (socket: Fields) => Fields): void {
  node[side] = fieldsIn(node[side]).map((socket, at) => (at === slot ? { ...socket, ...change(socket) } : socket));
}

/** A node that stands for a subgraph. Widgets that its inputs lead to have the values that they have inside. */
export function instance(
  level: Doc,
  number: number,
  order: number,
  pos: readonly [number, number],
  specs: Specs,
): DocNode {
  const ports = level.nodes[INPUTS]?.outputs ?? [];
  const given = level.nodes[OUTPUTS]?.inputs ?? [];
  const widgets = ports.map((_, slot) => isWidget(level, "inputs", slot));
  const rows = Math.max(widgets.filter((each) => !each).length, given.length) + widgets.filter(Boolean).length;
  return readNode({
    id: number,
    type: String(level.rest["id"]),
    pos: [...pos],
    size: [270, LINE * (rows + 1)],
    flags: {},
    order,
    mode: 0,
    inputs: ports.map(({ name, type }, slot) => ({
      name,
      type,
      ...(widgets[slot] ? { widget: { name } } : {}),
      link: null,
    })),
    outputs: given.map(({ name, type }) => ({ name, type, links: null })),
    properties: {},
    widgets_values: ports.flatMap((_, slot) => (widgets[slot] ? [innerValue(level, slot, specs)] : [])),
  });
}

function* wiresTo({ inputs, outputs }: Border, node: NodeId): Generator<DocLink> {
  for (const [slot, { links }] of inputs.entries()) yield { ...links[0]!, to: node, toSlot: slot };
  for (const [slot, { links }] of outputs.entries())
    for (const link of links) yield { ...link, from: node, fromSlot: slot };
}

function boxOf(doc: Doc, ids: ReadonlySet<NodeId>): { left: number; top: number; right: number; bottom: number } {
  const nodes = [...ids].map((id) => doc.nodes[id]!);
  return {
    left: Math.min(...nodes.map(({ pos }) => pos[0])),
    top: Math.min(...nodes.map(({ pos }) => pos[1])),
    right: Math.max(...nodes.map(({ pos, size }) => pos[0] + size[0])),
    bottom: Math.max(...nodes.map(({ pos, size }) => pos[1] + size[1])),
  };
}

function middle(doc: Doc, ids: ReadonlySet<NodeId>): [number, number] {
  const { left, top, right, bottom } = boxOf(doc, ids);
  return [Math.round((left + right) / 2 - 135), Math.round((top + bottom) / 2 - LINE * 2)];
}
