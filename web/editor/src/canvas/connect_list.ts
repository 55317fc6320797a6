import { create } from "zustand";
import { isBorder } from "../graph/border";
import { outgoing } from "../graph/connect";
import { disconnect } from "../graph/edits";
import { sideOf } from "../graph/ports";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocLink, Specs } from "../graph/types";
import { say } from "../shell/speech";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { t as subgraphs } from "../subgraphs/strings";
import { endsOf } from "./fitting";
import { handleId, inputHandleId } from "./handles";
import { t } from "./strings";
import { type End, joinOps, keyOf, typeAt, whyNotJoin } from "./wire";

/** Wires for those who do not drag: by keys, by touch, with a screen reader, all that fits is listed. */

/** A socket that another one may be wired to, or is. */
export interface Partner {
  readonly end: End;
  readonly title: string;
  readonly name: string;
  readonly link: number | null;
}

/** A socket, and what it fits; what it is wired to and what is near comes first. */
export interface Offer {
  readonly end: End;
  readonly name: string;
  readonly type: string;
  readonly partners: readonly Partner[];
}

interface Open {
  readonly node: string;
  /** The name of the only socket that is meant, if it is not all of them. */
  readonly handle: string | undefined;
}

export const useConnectList = create<{ readonly open: Open | null }>()(() => ({ open: null }));

export function openConnect(node: string, handle?: string): void {
  useConnectList.setState({ open: { node, handle } });
}

export function closeConnect(): void {
  useConnectList.setState({ open: null });
}

/** What a node's sockets can be wired to; those that nothing fits are left out. */
export function offersOf(doc: Doc, specs: Specs, { node, handle }: Open): Offer[] {
  const ends = endsOf(doc, specs, node).filter((end) => handle === undefined || keyOf(end.handle) === handle);
  const nearest = Object.keys(doc.nodes).toSorted((a, b) => distance(doc, node, a) - distance(doc, node, b));
  const others = nearest.filter((id) => id !== node).flatMap((id) => endsOf(doc, specs, id));
  return ends.flatMap((end): Offer[] => {
    const partners = others
      .filter((other) => whyNotJoin(doc, specs, end, other) === null)
      .map((other): Partner => {
        const link = linkBetween(doc, end, other);
        return { end: other, title: titleOf(doc, specs, other.node), name: socketName(doc, other), link };
      })
      .toSorted((a, b) => Number(b.link !== null) - Number(a.link !== null));
    return partners.length === 0 ? [] : [{ end, name: socketName(doc, end), type: typeAt(doc, specs, end), partners }];
  });
}

/** Wire two sockets; if they are, take the wire off. */
export function choose({ end }: Offer, partner: Partner): void {
  const workspace = useWorkspace.getState();
  const doc = activeDoc(workspace);
  if (partner.link !== null) workspace.edit(t.disconnect, disconnect(doc, partner.link));
  else workspace.edit(t.connect, joinOps(doc, useSpecs.getState().specs, end, partner.end));
  const [own, other] = [socketName(doc, end), `${partner.title}.${partner.name}`];
  say(partner.link === null ? t.wired(own, other) : t.unwired(own, other));
}

export function titleOf(doc: Doc, specs: Specs, id: string): string {
  const node = doc.nodes[id];
  return node?.title ?? ((node && specOf(doc, node, specs)?.display_name) || (node?.type ?? id));
}

export function socketName(doc: Doc, { node: id, handle }: End): string {
  if (handle.side === "widget") return handle.name;
  const node = doc.nodes[id];
  const socket = node?.[handle.side === "in" ? "inputs" : "outputs"][handle.slot];
  if (node && !socket && isBorder(node)) return subgraphs.newPort[sideOf(node.type)];
  return socket?.name || (socket?.type ?? "");
}

/** The link that joins them, in either order. */
function linkBetween(doc: Doc, a: End, b: End): number | null {
  const [from, to] = a.handle.side === "out" ? [a, b] : [b, a];
  const isIt = (link: DocLink) =>
    link.to === to.node &&
    keyOf(from.handle) === handleId("out", link.fromSlot) &&
    keyOf(to.handle) === inputHandleId(doc.nodes[to.node]?.inputs[link.toSlot], link.toSlot);
  return outgoing(doc, from.node).find(isIt)?.id ?? null;
}

function distance(doc: Doc, a: string, b: string): number {
  const [x, y] = doc.nodes[a]?.pos ?? [0, 0];
  const [otherX, otherY] = doc.nodes[b]?.pos ?? [0, 0];
  return Math.hypot(otherX - x, otherY - y);
}
