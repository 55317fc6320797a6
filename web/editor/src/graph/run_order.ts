import { incoming, outgoing } from "./connect";
import type { Doc, NodeId } from "./types";

const NOTES: ReadonlySet<string> = new Set(["Note", "MarkdownNote"]);

/**
 * The nodes as a run comes to them: each after what feeds it, one branch after the other, and notes last. A circle, which
 * cannot run, is cut where it is met.
 */
export function runOrder(doc: Doc): NodeId[] {
  const known = doc.order.filter((id) => doc.nodes[id] !== undefined);
  const isNote = (id: NodeId) => NOTES.has(doc.nodes[id]!.type);
  const ends = known.filter((id) => !isNote(id) && outgoing(doc, id).length === 0);
  const others = known.filter((id) => !isNote(id));
  const placed = new Set<NodeId>();
  for (const id of [...ends, ...others]) place(doc, id, placed);
  return [...placed, ...known.filter(isNote)];
}

/** Depth first, without recursion: a chain may be thousands of nodes long. */
function place(doc: Doc, start: NodeId, placed: Set<NodeId>): void {
  const entered = new Set<NodeId>();
  const path = [start];
  while (path.length > 0) {
    const id = path[path.length - 1]!;
    if (placed.has(id) || entered.has(id)) {
      placed.add(id);
      path.pop();
      continue;
    }
    entered.add(id);
    path.push(...sources(doc, id).filter((source) => !placed.has(source) && !entered.has(source)));
  }
}

/** What feeds a node, its last input first: what is put on the path last is gone first. */
function sources(doc: Doc, id: NodeId): NodeId[] {
  return incoming(doc, id)
    .toSorted((a, b) => b.toSlot - a.toSlot)
    .flatMap(({ from }) => (doc.nodes[from] ? [from] : []));
}
