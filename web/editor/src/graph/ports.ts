import { INPUTS, INPUTS_TYPE, OUTPUTS } from "./border";
import { incoming, outgoing } from "./connect";
import { readInput, readOutput } from "./entries";
import { disconnect } from "./links";
import { setNode } from "./nodes";
import type { Doc, DocInput, DocLink, DocOutput, Op } from "./types";

/**
 * The inputs and outputs of a subgraph, as edits of its inside: they are the sockets of the nodes at its border. The nodes
 * that stand for it elsewhere follow by themselves (`within.ts`).
 */
export type Side = "inputs" | "outputs";
export type Port = DocInput | DocOutput;

export function portsOf(level: Doc, side: Side): readonly Port[] {
  return (side === "inputs" ? level.nodes[INPUTS]?.outputs : level.nodes[OUTPUTS]?.inputs) ?? [];
}

/** The wires of a port; those of an input begin at the border. */
export function wiresOf(level: Doc, side: Side, slot: number): readonly DocLink[] {
  if (side === "inputs") return outgoing(level, INPUTS).filter((link) => link.fromSlot === slot);
  return incoming(level, OUTPUTS).filter((link) => link.toSlot === slot);
}

/** What tells a port from others, also under another name. */
export function portId({ name, rest }: Port): string {
  return typeof rest["id"] === "string" ? rest["id"] : `name:${name}`;
}

/** Adds a port after the others. `id` has to be one that no other port has. */
export function addPort(level: Doc, side: Side, { id, name, type }: { id: string; name: string; type: string }): Op[] {
  const entry = { id, name: freeName(level, side, name), type, pos: [0, 0] };
  const port =
    side === "inputs" ? readOutput({ ...entry, links: [] }) : readInput({ ...entry, linkIds: [], link: null });
  return setPorts(level, side, [...portsOf(level, side), port]);
}

/** Another name for a port; files of other editors may have one to show beside it, which goes. */
export function renamePort(level: Doc, side: Side, slot: number, name: string): Op[] {
  const ports = portsOf(level, side);
  const port = ports[slot];
  if (!port || port.name === name) return [];
  const { label: _, localized_name: __, ...rest } = port.rest;
  const after = { ...port, name: freeName(level, side, name), rest };
  return setPorts(level, side, ports.with(slot, after));
}

/** Puts a port to another place among its like; its wires go with it. */
export function movePort(level: Doc, side: Side, slot: number, to: number): Op[] {
  const ports = portsOf(level, side);
  if (!ports[slot] || slot === to || to < 0 || to >= ports.length) return [];
  const order = ports
    .map((_, at) => at)
    .toSpliced(slot, 1)
    .toSpliced(to, 0, slot);
  return [
    ...setPorts(
      level,
      side,
      order.map((at) => ports[at]!),
    ),
    ...rewired(level, side, (at) => order.indexOf(at)),
  ];
}

/** Takes a port away with its wires. */
export function removePort(level: Doc, side: Side, slot: number): Op[] {
  const ports = portsOf(level, side);
  if (!ports[slot]) return [];
  const cut = wiresOf(level, side, slot).flatMap((link) => disconnect(level, link.id));
  const moved = rewired(level, side, (at) => (at > slot ? at - 1 : at), slot);
  return [...cut, ...setPorts(level, side, ports.toSpliced(slot, 1)), ...moved];
}

/** A name that no other port of the side has. */
export function freeName(level: Doc, side: Side, wanted: string): string {
  return freeAmong(new Set(portsOf(level, side).map(({ name }) => name)), wanted);
}

export function freeAmong(taken: ReadonlySet<string>, wanted: string): string {
  const base = wanted.trim() || "value";
  for (let name = base, at = 2; ; name = `${base}_${at++}`) if (!taken.has(name)) return name;
}

function setPorts(level: Doc, side: Side, ports: readonly Port[]): Op[] {
  return side === "inputs"
    ? setNode(level, INPUTS, { outputs: ports as readonly DocOutput[] })
    : setNode(level, OUTPUTS, { inputs: ports as readonly DocInput[] });
}

/** The wires of a side at other slots, but for those of the one that goes. */
function rewired(level: Doc, side: Side, to: (slot: number) => number, gone = -1): Op[] {
  const key = side === "inputs" ? "fromSlot" : "toSlot";
  const links = side === "inputs" ? outgoing(level, INPUTS) : incoming(level, OUTPUTS);
  return links.flatMap((before): Op[] => {
    const slot = to(before[key]);
    if (before[key] === gone || slot === before[key] || slot < 0) return [];
    return [{ of: "links", id: before.id, before, after: { ...before, [key]: slot } }];
  });
}

/** The side that a node at the border stands for. */
export function sideOf(type: string): Side {
  return type === INPUTS_TYPE ? "inputs" : "outputs";
}
