import { incoming, outgoing } from "./connect";
import type { Doc, NodeId } from "./types";

export interface Box {
  readonly id: NodeId;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Direction = "left" | "right" | "up" | "down";

/** What lies aside counts this much more than what lies ahead. */
const ASIDE = 2;

/** The nearest box in a direction, by the middles; null if there is none that way. */
export function nearestIn(boxes: readonly Box[], from: Box, direction: Direction): NodeId | null {
  let [nearest, least]: [NodeId | null, number] = [null, Infinity];
  for (const box of boxes) {
    const [dx, dy] = [
      box.x + box.width / 2 - from.x - from.width / 2,
      box.y + box.height / 2 - from.y - from.height / 2,
    ];
    const isAcross = direction === "left" || direction === "right";
    const ahead = (isAcross ? dx : dy) * (direction === "left" || direction === "up" ? -1 : 1);
    const far = ahead + ASIDE * Math.abs(isAcross ? dy : dx);
    if (box.id === from.id || ahead <= 0 || far >= least) continue;
    [nearest, least] = [box.id, far];
  }
  return nearest;
}

/** What feeds a node, in the order of its inputs; or what it feeds, in the order of its outputs. Each node once. */
export function alongWires(doc: Doc, id: NodeId, side: "sources" | "targets"): NodeId[] {
  const links = side === "sources" ? incoming(doc, id) : outgoing(doc, id);
  const slot = side === "sources" ? "toSlot" : "fromSlot";
  const found = links.toSorted((a, b) => a[slot] - b[slot]).map((link) => (side === "sources" ? link.from : link.to));
  return [...new Set(found)].filter((other) => doc.nodes[other] !== undefined);
}
