import { moveNodes } from "./nodes";
import type { Doc, DocNode, NodeId, Op } from "./types";

export type Alignment = "left" | "center-x" | "right" | "top" | "center-y" | "bottom" | "spread-x" | "spread-y";

type Axis = 0 | 1;

/** Lines nodes up at an edge or a middle of their common box, or spreads them over it with equal gaps. Pinned ones stay. */
export function alignNodes(doc: Doc, ids: Iterable<NodeId>, how: Alignment): Op[] {
  const nodes = [...ids].flatMap((id) => doc.nodes[id] ?? []).filter((node) => node.flags["pinned"] !== true);
  if (nodes.length < 2) return [];
  const axis: Axis = how === "left" || how === "right" || how.endsWith("-x") ? 0 : 1;
  const starts = how.startsWith("spread") ? spread(nodes, axis) : lined(nodes, axis, how);
  return moveNodes(doc, new Map(nodes.map((node) => [node.id, moved(node, axis, starts.get(node.id)!)])));
}

function moved(node: DocNode, axis: Axis, start: number): [number, number] {
  return axis === 0 ? [start, node.pos[1]] : [node.pos[0], start];
}

function lined(nodes: readonly DocNode[], axis: Axis, how: Alignment): Map<NodeId, number> {
  const first = Math.min(...nodes.map((node) => node.pos[axis]));
  const last = Math.max(...nodes.map((node) => node.pos[axis] + node.size[axis]));
  const share = how === "left" || how === "top" ? 0 : how === "right" || how === "bottom" ? 1 : 0.5;
  return new Map(nodes.map((node) => [node.id, first + (last - first - node.size[axis]) * share]));
}

function spread(nodes: readonly DocNode[], axis: Axis): Map<NodeId, number> {
  const sorted = [...nodes].sort((a, b) => a.pos[axis] - b.pos[axis]);
  const [first, last] = [sorted[0]!, sorted[sorted.length - 1]!];
  const room = last.pos[axis] + last.size[axis] - first.pos[axis];
  const gap = (room - sorted.reduce((sum, node) => sum + node.size[axis], 0)) / (sorted.length - 1);
  let at = first.pos[axis];
  return new Map(
    sorted.map((node) => {
      const start = at;
      at += node.size[axis] + gap;
      return [node.id, start];
    }),
  );
}
