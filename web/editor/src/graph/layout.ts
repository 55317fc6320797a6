import type { ElkNode } from "elkjs/lib/elk-api";
import type { Doc, DocNode, NodeId, Specs } from "./types";

type Pair = readonly [number, number];

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.spacing.nodeNode": "40",
  "elk.layered.spacing.nodeNodeBetweenLayers": "80",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
};

/** Pixels: a node's title lies above its place, a collapsed one is as high; then its sockets, line by line. */
const TITLE = 30;
const FIRST = 18;
const LINE = 24;

/**
 * Where nodes would lie in good order: from left to right with few crossings, their top left corner where it was. All
 * nodes, or those with these ids; pinned ones stay. Sizes are those of the document.
 */
export async function layout(doc: Doc, _specs: Specs, ids?: Iterable<NodeId>): Promise<Map<NodeId, [number, number]>> {
  const chosen = [...(ids ?? doc.order)].flatMap((id) => doc.nodes[id] ?? []);
  const nodes = chosen.filter((node) => node.flags["pinned"] !== true);
  if (nodes.length < 2) return new Map();
  const { default: Elk } = await import("elkjs/lib/elk.bundled.js");
  const placed = await new Elk().layout(asElk(doc, nodes), { layoutOptions: OPTIONS });
  const corner = [0, 1].map((axis) => Math.min(...nodes.map((node) => node.pos[axis]!))) as [number, number];
  return anchored(placed.children ?? [], corner);
}

function asElk(doc: Doc, nodes: readonly DocNode[]): ElkNode {
  const known = new Set(nodes.map((node) => node.id));
  const links = Object.values(doc.links).filter((link) => known.has(link.from) && known.has(link.to));
  return {
    id: "canvas",
    children: nodes.map((node) => ({
      id: node.id,
      ...sizeOf(node),
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
      ports: [
        ...node.inputs.map((_, slot) => port(portId(node.id, "in", slot), 0, slot)),
        ...node.outputs.map((_, slot) => port(portId(node.id, "out", slot), sizeOf(node).width, slot)),
      ],
    })),
    edges: links
      .filter((link) => doc.nodes[link.from]?.outputs[link.fromSlot] && doc.nodes[link.to]?.inputs[link.toSlot])
      .map((link) => ({
        id: `link ${link.id}`,
        sources: [portId(link.from, "out", link.fromSlot)],
        targets: [portId(link.to, "in", link.toSlot)],
      })),
  };
}

function port(id: string, x: number, slot: number) {
  const side = x === 0 ? "WEST" : "EAST";
  return { id, x, y: TITLE + FIRST + LINE * slot, width: 0, height: 0, layoutOptions: { "elk.port.side": side } };
}

function portId(node: NodeId, side: "in" | "out", slot: number): string {
  return `${node} ${side} ${slot}`;
}

function sizeOf(node: DocNode): { width: number; height: number } {
  return { width: node.size[0], height: TITLE + (node.flags["collapsed"] === true ? 0 : node.size[1]) };
}

function anchored(placed: readonly ElkNode[], [left, top]: Pair): Map<NodeId, [number, number]> {
  const [x, y] = [Math.min(...placed.map((each) => each.x ?? 0)), Math.min(...placed.map((each) => each.y ?? 0))];
  return new Map(
    placed.map((each) => [each.id, [Math.round(left + (each.x ?? 0) - x), Math.round(top + (each.y ?? 0) - y)]]),
  );
}
