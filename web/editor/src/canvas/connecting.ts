import type { Connection, FinalConnectionState, OnConnectStartParams } from "@xyflow/react";
import { disconnect } from "../graph/edits";
import { applyAll } from "../graph/ops";
import type { Doc, Specs } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { openAddNode } from "./adding";
import type { FlowEdge } from "./derive";
import type { Point } from "./geometry";
import { parseHandle } from "./handles";
import { firstFitting } from "./fitting";
import { t } from "./strings";
import { beginWire, type End, joinOps, useWire, type Wire, whyNotJoin } from "./wire";

/** Wires drawn by hand: what React Flow tells of them, and what becomes of it in the document. */

const specsNow = (): Specs => useSpecs.getState().specs;
const docNow = (): Doc => activeDoc(useWorkspace.getState());

export function isValid({ source, sourceHandle, target, targetHandle }: Connection | FlowEdge): boolean {
  const [a, b] = [endOf(source, sourceHandle), endOf(target, targetHandle)];
  return a !== null && b !== null && whyNotJoin(docNow(), specsNow(), a, b) === null;
}

export function endOf(node: string | null, handle: string | null | undefined): End | null {
  const parsed = parseHandle(handle);
  return node !== null && parsed ? { node, handle: parsed } : null;
}

export function onConnectStart(_: unknown, { nodeId, handleId: handle }: OnConnectStartParams): void {
  beginWire(endOf(nodeId, handle));
}

export function onConnect({ source, sourceHandle, target, targetHandle }: Connection): void {
  const [a, b] = [endOf(source, sourceHandle), endOf(target, targetHandle)];
  if (a && b) useWorkspace.getState().edit(t.connect, joinOps(docNow(), specsNow(), a, b));
}

/** A wire that ends on no socket: on a node it takes the first one that fits, elsewhere what to add is asked for. */
export function onConnectEnd(event: MouseEvent | TouchEvent, { toHandle }: FinalConnectionState): void {
  const { wire, moved } = useWire.getState();
  if (moved !== null) return; // `onReconnectEnd` follows
  beginWire(null);
  if (!wire || toHandle) return;
  const { place, end } = landing(event, wire);
  if (end) useWorkspace.getState().edit(t.connect, joinOps(docNow(), specsNow(), wire.from, end));
  else if (place) openAddNode(place, { wire });
}

/** What a wire fell on: a node that has a socket for it, or an empty place (on the screen). */
function landing(event: MouseEvent | TouchEvent, { from }: Wire): { place?: Point; end?: End | null } {
  const pointer = "changedTouches" in event ? event.changedTouches[0] : event;
  if (!pointer) return {};
  const under = document.elementFromPoint(pointer.clientX, pointer.clientY);
  const node = under?.closest<HTMLElement>(".react-flow__node-graph")?.dataset["id"];
  if (node !== undefined) return { end: node === from.node ? null : firstFitting(docNow(), specsNow(), from, node) };
  const isEmpty = under?.closest(".react-flow__pane, .react-flow__node-group, .react-flow__edge");
  return isEmpty ? { place: { x: pointer.clientX, y: pointer.clientY } } : {};
}

/** Which end stays is the one the wire is then drawn from: React Flow calls `onConnectStart` next. */
export function onReconnectStart(_: unknown, edge: FlowEdge): void {
  useWire.setState({ moved: Number(edge.id) });
}

export function onReconnect(edge: FlowEdge, { source, sourceHandle, target, targetHandle }: Connection): void {
  const [a, b] = [endOf(source, sourceHandle), endOf(target, targetHandle)];
  const isSame = edge.source === source && edge.target === target;
  if (!a || !b || (isSame && edge.sourceHandle === sourceHandle && edge.targetHandle === targetHandle)) return;
  moveWire(Number(edge.id), a, b);
}

function moveWire(id: number, a: End, b: End): void {
  const off = disconnect(docNow(), id);
  const on = joinOps(applyAll(docNow(), off), specsNow(), a, b);
  useWorkspace.getState().edit(t.reconnect, [...off, ...on]);
}

/** An end that falls on a node takes the first socket that fits there; on nothing, the wire is taken off. */
export function onReconnectEnd(
  event: MouseEvent | TouchEvent,
  edge: FlowEdge,
  _: unknown,
  { toHandle }: FinalConnectionState,
): void {
  const { wire } = useWire.getState();
  beginWire(null);
  useWire.setState({ moved: null });
  if (!wire || toHandle) return;
  const { place, end } = landing(event, wire);
  if (end) moveWire(Number(edge.id), wire.from, end);
  else if (place) useWorkspace.getState().edit(t.disconnect, disconnect(docNow(), Number(edge.id)));
}
