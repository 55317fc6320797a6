import { incoming, outgoing } from "../graph/connect";
import { insertOnLink, moveNodes, setGroup } from "../graph/edits";
import { applyAll } from "../graph/ops";
import type { Doc, Op } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { type FlowNode, isGroup } from "./derive";
import { useFlow } from "./flow";
import { type Point, posAt } from "./geometry";
import { carriedBy } from "./groups";
import { markReceiving } from "./moving";
import { t } from "./strings";

/** What the palette's nodes carry when they are dragged: the name of their type. */
export const NODE_DRAG = "application/x-wireloom-node";

/** A drag begins: what lies in the groups that are dragged goes with them. */
export function beginDrag(dragged: readonly FlowNode[]): void {
  const { nodes } = useFlow.getState();
  const carried = Object.fromEntries(dragged.filter(isGroup).map((group) => [group.id, carriedBy(group, nodes)]));
  useFlow.setState({ carried });
}

/** While a node is dragged over a wire that it fits into, the wire shows it. */
export function duringDrag(dragged: readonly FlowNode[], pointer: Point): void {
  const doc = activeDoc(useWorkspace.getState());
  const [only] = dragged;
  const isAlone = dragged.length === 1 && only && !isGroup(only);
  markReceiving(isAlone ? receiving(doc, only.id, pointer) : null);
}

/** A drag ends: where things lie now goes into the document, as one step. A single node may have come onto a wire. */
export function endDrag(dragged: readonly FlowNode[], pointer: Point): void {
  const doc = activeDoc(useWorkspace.getState());
  const moves = movesOf(doc, useFlow.getState().nodes);
  const [only] = dragged;
  const isAlone = dragged.length === 1 && only && !isGroup(only);
  const inserts = isAlone && moves.length > 0 ? insertUnder(applyAll(doc, moves), only.id, pointer) : [];
  useFlow.setState({ carried: {} });
  markReceiving(null);
  useWorkspace.getState().edit(inserts.length > 0 ? t.insert : t.move, [...moves, ...inserts]);
}

/** What makes the document lie as the canvas does. */
export function movesOf(doc: Doc, nodes: readonly FlowNode[]): Op[] {
  const to = new Map<string, readonly [number, number]>();
  const ops: Op[] = [];
  for (const node of nodes) {
    if (isGroup(node)) {
      const [x, y] = [Math.round(node.position.x), Math.round(node.position.y)];
      const { id, bounding } = node.data.of;
      if (doc.groups[id] && isElsewhere([x, y], bounding))
        ops.push(...setGroup(doc, id, { bounding: [x, y, bounding[2], bounding[3]] }));
      continue;
    }
    const [x, y] = posAt(node.position, node.data.of.type);
    const now = doc.nodes[node.id];
    if (now && isElsewhere([x, y], now.pos)) to.set(node.id, [x, y]);
  }
  return to.size > 0 ? [...ops, ...moveNodes(applyAll(doc, ops), to)] : ops;
}

/** Files may have places between pixels: those are left alone. */
function isElsewhere(a: readonly [number, number], b: readonly [number, number, ...number[]]): boolean {
  return Math.abs(a[0] - b[0]) >= 1 || Math.abs(a[1] - b[1]) >= 1;
}

/** What puts a node that has no wires into the wire that it was dropped on. */
function insertUnder(doc: Doc, id: string, pointer: Point): Op[] {
  const link = receiving(doc, id, pointer);
  return link === null ? [] : insertOnLink(doc, link, id, useSpecs.getState().specs);
}

/** The wire below a node without wires that can go into it. */
function receiving(doc: Doc, id: string, pointer: Point): number | null {
  if (Object.keys(doc.links).length === 0 || incoming(doc, id).length + outgoing(doc, id).length > 0) return null;
  const link = linkUnder(id, pointer);
  return link !== null && insertOnLink(doc, link, id, useSpecs.getState().specs).length > 0 ? link : null;
}

/** The wire that runs below the pointer, or below the node's middle. */
function linkUnder(id: string, pointer: Point): number | null {
  const box = document.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.getBoundingClientRect();
  const points = box ? [pointer, { x: box.x + box.width / 2, y: box.y + box.height / 2 }] : [pointer];
  for (const { x, y } of points) {
    const edges = document.elementsFromPoint(x, y).map((element) => element.closest<SVGElement>(".react-flow__edge"));
    const edge = edges.find((found) => found !== null);
    if (edge?.dataset["id"]) return Number(edge.dataset["id"]);
  }
  return null;
}
