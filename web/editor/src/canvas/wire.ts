import { create } from "zustand";
import { newUuid } from "../api/ids";
import { inputType, outputType, whyNot } from "../graph/connect";
import { adopt, connect, connectWidget } from "../graph/edits";
import { applyAll } from "../graph/ops";
import { portFor } from "../graph/promote";
import { specOf } from "../graph/subgraphs";
import type { Doc, Op, Specs } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { type Handle, handleId, parseHandle } from "./handles";
import { t } from "./strings";

/** A socket of a node, as one end of a wire. */
export interface End {
  readonly node: string;
  readonly handle: Handle;
}

export interface Wire {
  readonly from: End;
  readonly type: string;
}

/** The wire that is being drawn now. It changes when one is begun and when it ends, not while the pointer moves. */
export const useWire = create<{
  readonly wire: Wire | null;
  readonly moved: number | null;
  readonly tapped: Wire | null;
}>()(() => ({
  wire: null,
  moved: null, // the link whose end is being moved, if it is no new wire
  tapped: null, // the wire of which a finger has tapped one end: see `tapping.ts`
}));

/** A wire is begun at this socket. */
export function beginWire(from: End | null): void {
  useWire.setState({ wire: from && wireAt(from) });
}

/** A wire that has only this end yet; null where nothing says what it would carry. */
export function wireAt(from: End): Wire | null {
  const type = typeAt(activeDoc(useWorkspace.getState()), useSpecs.getState().specs, from);
  return type === null ? null : { from, type };
}

/** Whether the wire being drawn must not end in this socket: it is shown faded then. */
export function useMisfit(node: string, id: string): boolean {
  return useWire(({ wire: drawn, tapped }) => {
    const wire = drawn ?? tapped;
    const handle = wire && parseHandle(id);
    if (!wire || !handle || (wire.from.node === node && keyOf(wire.from.handle) === id)) return false;
    return whyNotHere(wire.from, { node, handle }) !== null;
  });
}

/** Whether a finger has tapped this socket, and the wire's other end is to be tapped now. */
export function useTapped(node: string, id: string): boolean {
  return useWire(({ tapped }) => tapped !== null && tapped.from.node === node && keyOf(tapped.from.handle) === id);
}

/** Two sockets as the output and the input that a wire joins. */
export interface Joint {
  readonly from: string;
  readonly fromSlot: number;
  readonly to: string;
  /** The slot of an input, or the name of a widget. */
  readonly into: number | string;
}

/** Null if they are both inputs or both outputs. */
export function jointOf(a: End, b: End): Joint | null {
  if (a.handle.side !== "out") return b.handle.side === "out" ? jointOf(b, a) : null;
  if (b.handle.side === "out") return null;
  const into = b.handle.side === "in" ? b.handle.slot : b.handle.name;
  return { from: a.node, fromSlot: a.handle.slot, to: b.node, into };
}

/** What joins two sockets, in either order; nothing if they are both inputs or both outputs. */
export function joinOps(doc: Doc, specs: Specs, a: End, b: End): Op[] {
  const joint = jointOf(a, b);
  if (!joint) return [];
  const port = portFor(doc, specs, joint, newUuid());
  return [...port, ...wired(applyAll(doc, port), specs, joint)];
}

function wired(doc: Doc, specs: Specs, { from, fromSlot, to, into }: Joint): Op[] {
  if (typeof into === "number") return connect(doc, from, fromSlot, to, into);
  const target = doc.nodes[to];
  const spec = target && specOf(doc, target, specs);
  const adopted = adopt(doc, from, to, into, spec);
  return [...adopted, ...connectWidget(applyAll(doc, adopted), from, fromSlot, to, into, spec)];
}

/** Why these two sockets cannot be joined, in either order; null if they can. */
export function whyNotJoin(doc: Doc, specs: Specs, a: End, b: End): string | null {
  const joint = jointOf(a, b);
  if (!joint) return a.handle.side === "out" ? t.bothOutputs : t.bothInputs;
  return whyNot(doc, specs, joint.from, joint.fromSlot, joint.to, joint.into);
}

/** The same of the document that is shown now. */
export function whyNotHere(a: End, b: End): string | null {
  return whyNotJoin(activeDoc(useWorkspace.getState()), useSpecs.getState().specs, a, b);
}

/** The type of a socket; `*` if neither the document nor the node types say. */
export function typeAt(doc: Doc, specs: Specs, { node, handle }: End): string {
  if (handle.side === "out") return outputType(doc, node, handle.slot) ?? "*";
  return inputType(doc, specs, node, handle.side === "in" ? handle.slot : handle.name) ?? "*";
}

/** As React Flow names it. */
export function keyOf(handle: Handle): string {
  return handleId(handle.side, handle.side === "widget" ? handle.name : handle.slot);
}
