import { incoming, outgoing } from "./connect";
import { type LinksOf, put, readType, writeGroup, writeNode, writtenId } from "./entries";
import { LINK_FIELDS, type LinkOrder, readCount } from "./read";
import { pruned } from "./reroutes";
import { type Fields, isFields } from "./same";
import type { Doc, DocLink, NodeId } from "./types";

/** What editors write at the top of a file that they made. */
const NEW_FILE: Fields = {
  revision: 0,
  last_node_id: 0,
  last_link_id: 0,
  nodes: [],
  links: [],
  groups: [],
  config: {},
  extra: {},
  version: 0.4,
};

/** A document as JSON, in the schema it was read in. What was only read is written as it came. */
export function saveDoc(doc: Doc): Fields {
  const raw: Fields = { ...("nodes" in doc.rest ? doc.rest : { ...NEW_FILE, ...doc.rest }) };
  const order = linkOrder(doc);
  const known = new Set<unknown>([...readOrder(doc), ...order]);
  raw["nodes"] = doc.order.flatMap((id) => (doc.nodes[id] ? [writeNode(doc.nodes[id], linksOf(doc, id, known))] : []));
  if (Array.isArray(raw["links"]) || order.length > 0) raw["links"] = order.map((each) => writeEntry(doc, each));
  writeGroups(doc, raw);
  writeCounts(doc, raw);
  pruned(raw, goneLinks(doc));
  return raw;
}

/** The links as they stood in the file, without those that are gone; new ones last. */
function linkOrder(doc: Doc): LinkOrder {
  const read = readOrder(doc).filter((each) => typeof each !== "number" || doc.links[each]);
  const listed = new Set(read);
  return [
    ...read,
    ...Object.keys(doc.links)
      .map(Number)
      .filter((id) => !listed.has(id)),
  ];
}

function readOrder(doc: Doc): LinkOrder {
  const order = doc.rest["links"];
  return Array.isArray(order) ? (order as LinkOrder) : [];
}

function goneLinks(doc: Doc): ReadonlySet<number> {
  return new Set(readOrder(doc).filter((each): each is number => typeof each === "number" && !doc.links[each]));
}

function writeEntry(doc: Doc, each: LinkOrder[number]): unknown {
  return typeof each === "number" ? writeLink(doc.links[each]!, doc) : each.stray;
}

/** One link, as an array (0.4) or as an object (1.0). */
function writeLink(link: DocLink, doc: Doc): unknown {
  const { entry, slot } = link.rest;
  const raw: Fields = Array.isArray(entry) ? { ...entry } : isFields(entry) ? { ...entry } : {};
  const keys = Array.isArray(entry) ? LINK_FIELDS.map((_, at) => String(at)) : LINK_FIELDS;
  const [id, from, fromSlot, to, toSlot, type] = keys as readonly [string, string, string, string, string, string];
  put(raw, id, link.id, toNumber);
  put(raw, from, link.from, toText, () => idIn(doc, link.from));
  put(raw, fromSlot, link.fromSlot, (plain) => plain);
  put(raw, to, link.to, toText, () => idIn(doc, link.to));
  put(raw, toSlot, link.toSlot, () => slot); // the slot that was meant, whatever number stood there
  put(raw, type, link.type, (plain) => (plain === undefined ? undefined : readType(plain)));
  if (Array.isArray(entry)) return Object.values(raw);
  return doc.format === "1.0" || isFields(entry) ? raw : LINK_FIELDS.map((key) => raw[key]);
}

/** A node's id as it stands in the node's own entry. */
function idIn(doc: Doc, id: NodeId): unknown {
  const written = doc.nodes[id]?.rest["id"];
  return toText(written) === id ? written : writtenId(id);
}

function toNumber(id: unknown): number | undefined {
  return id === undefined ? undefined : Number(id);
}

function toText(id: unknown): string | undefined {
  return id === undefined ? undefined : String(id);
}

/** What one node is told of its links. */
function linksOf(doc: Doc, node: NodeId, known: ReadonlySet<unknown>): LinksOf {
  const [into, from] = [incoming(doc, node), outgoing(doc, node)];
  return {
    into: (slot) => into.find((link) => link.toSlot === slot)?.id ?? null,
    from: (slot) => from.filter((link) => link.fromSlot === slot).map((link) => link.id),
    known: (link) => known.has(link),
  };
}

function writeGroups(doc: Doc, raw: Fields): void {
  const read = Array.isArray(doc.rest["groups"]) ? (doc.rest["groups"] as number[]) : [];
  const known = read.filter((id) => doc.groups[id]);
  const added = Object.keys(doc.groups)
    .map(Number)
    .filter((id) => !known.includes(id));
  const groups = [...known, ...added].map((id) => writeGroup(doc.groups[id]!));
  if (groups.length > 0 || Array.isArray(raw["groups"])) raw["groups"] = groups;
}

function writeCounts(doc: Doc, raw: Fields): void {
  if (doc.format !== "1.0") {
    put(raw, "last_node_id", doc.lastNodeId, readCount);
    put(raw, "last_link_id", doc.lastLinkId, readCount);
    return;
  }
  const state: Fields = isFields(raw["state"]) ? { ...raw["state"] } : {};
  put(state, "lastNodeId", doc.lastNodeId, readCount);
  put(state, "lastLinkId", doc.lastLinkId, readCount);
  if ("state" in raw || Object.keys(state).length > 0) raw["state"] = state;
}
