import type { Doc, Op } from "./types";

/** The number of the next node. Files do not always say the last one rightly. */
export function nextNodeId(doc: Doc): number {
  return largest(doc.lastNodeId, Object.keys(doc.nodes).map(Number)) + 1;
}

export function nextLinkId(doc: Doc): number {
  return largest(doc.lastLinkId, Object.keys(doc.links).map(Number)) + 1;
}

export function nextGroupId(doc: Doc): number {
  return largest(0, Object.keys(doc.groups).map(Number)) + 1;
}

function largest(last: number, ids: readonly number[]): number {
  return ids.reduce((most, id) => (Number.isSafeInteger(id) && id > most ? id : most), last);
}

/** Says what the last numbers are now. */
export function counted(doc: Doc, after: { lastNodeId?: number; lastLinkId?: number }): Op[] {
  const before = { lastNodeId: doc.lastNodeId, lastLinkId: doc.lastLinkId };
  const now = { ...before, ...after };
  const same = now.lastNodeId === before.lastNodeId && now.lastLinkId === before.lastLinkId;
  return same ? [] : [{ of: "doc", before, after: now }];
}
