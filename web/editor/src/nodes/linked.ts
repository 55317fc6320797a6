import type { Doc, NodeId, Widget } from "../graph/types";

/** Which sockets of a node have wires, as text, so that it compares by value: `in` holds `,0,3,`. */
export interface Linked {
  readonly in: string;
  readonly out: string;
}

const NONE: Linked = { in: ",", out: "," };
const byLinks = new WeakMap<Doc["links"], ReadonlyMap<NodeId, Linked>>();

/** The wired sockets of one node. All nodes ask after each edit, so the answer is worked out once for all of them. */
export function linkedOf(doc: Doc, id: NodeId): Linked {
  let all = byLinks.get(doc.links);
  if (!all) byLinks.set(doc.links, (all = collect(doc.links)));
  return all.get(id) ?? NONE;
}

export function has(slots: string, slot: number | undefined): boolean {
  return slot !== undefined && slots.includes(`,${slot},`);
}

/** Whether a widget's value comes through a wire. */
export function isFed(doc: Doc, id: NodeId, widget: Widget): boolean {
  return widget.linked || has(linkedOf(doc, id).in, widget.socket);
}

function collect(links: Doc["links"]): ReadonlyMap<NodeId, Linked> {
  const all = new Map<NodeId, Linked>();
  for (const link of Object.values(links)) {
    const from = all.get(link.from) ?? NONE;
    all.set(link.from, { ...from, out: `${from.out}${link.fromSlot},` });
    const to = all.get(link.to) ?? NONE;
    all.set(link.to, { ...to, in: `${to.in}${link.toSlot},` });
  }
  return all;
}
