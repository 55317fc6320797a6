import { fieldsIn, readGroup, readNode, readType } from "./entries";
import { type Fields, isFields } from "./same";
import type { Doc, DocGroup, DocLink, DocNode } from "./types";

/** A document that isn't a workflow, or one that can't be read; the message says why. */
export class NotAWorkflow extends Error {
  override readonly name = "NotAWorkflow";
}

/**
 * What of a file's lists is not in the document itself: the order of the links, by id, with those that lead nowhere as
 * they stand; and the order of the groups. `Doc.rest` is the file's top level with these in place of the lists.
 */
export type LinkOrder = readonly (number | { readonly stray: unknown })[];

/** Whether JSON is a workflow as editors save it. */
export function isUi(json: unknown): boolean {
  return isFields(json) && Array.isArray(json["nodes"]);
}

/** Reads a workflow in either of the UI schemas. Throws `NotAWorkflow`. */
export function loadDoc(json: unknown): Doc {
  if (!isFields(json)) throw new NotAWorkflow("A workflow is a JSON object; this is something else.");
  if (!Array.isArray(json["nodes"])) throw new NotAWorkflow("This JSON has no list of nodes, so it is not a workflow.");
  const nodes = readNodes(json["nodes"]);
  const { links, order } = readLinks(json["links"] ?? [], nodes, json["nodes"]);
  const groups = readGroups(json["groups"]);
  const state = json["version"] === 1 ? isFields(json["state"]) && json["state"] : false;
  return {
    nodes,
    links,
    groups: Object.fromEntries(groups.map((group) => [group.id, group])),
    order: (json["nodes"] as Fields[]).map((node) => String(node["id"])),
    lastNodeId: readCount(state ? state["lastNodeId"] : json["last_node_id"]),
    lastLinkId: readCount(state ? state["lastLinkId"] : json["last_link_id"]),
    format: json["version"] === 1 ? "1.0" : "0.4",
    rest: {
      ...json,
      nodes: [],
      ...(Array.isArray(json["links"]) ? { links: order } : {}),
      ...(Array.isArray(json["groups"]) ? { groups: groups.map((group) => group.id) } : {}),
    },
  };
}

/** The number of the last node or link; 0 if it is not told. */
export function readCount(count: unknown): number {
  const number = Number(count ?? 0);
  return Number.isSafeInteger(number) ? number : 0;
}

function readNodes(entries: unknown[]): Record<string, DocNode> {
  const nodes: Record<string, DocNode> = {};
  allFields(entries, (at) => `Entry ${at} of the nodes`);
  fieldsIn(entries).forEach((entry, at) => {
    const { id: given, type } = entry;
    if (!isId(given)) throw new NotAWorkflow(`Entry ${at} of the nodes has no id.`);
    const id = String(given);
    if (id === "__proto__")
      throw new NotAWorkflow(`Entry ${at} of the nodes has an id that no object can have as a key.`);
    if (typeof type !== "string") throw new NotAWorkflow(`Node ${id} has no type.`);
    if (Object.hasOwn(nodes, id)) throw new NotAWorkflow(`Two nodes have the id ${id}.`);
    for (const side of ["input", "output"]) allFields(entry[`${side}s`], (slot) => `Node ${id}'s ${side} ${slot}`);
    nodes[id] = readNode(entry);
  });
  return nodes;
}

function allFields(list: unknown, called: (at: number) => string): void {
  const at = Array.isArray(list) ? list.findIndex((each) => !isFields(each)) : -1;
  if (at >= 0) throw new NotAWorkflow(`${called(at)} is not an object.`);
}

function isId(value: unknown): value is number | bigint | string {
  return ["number", "bigint", "string"].includes(typeof value);
}

/** Links as arrays (0.4) or objects (1.0). One that leads nowhere, and can't be drawn, is kept as it is. */
function readLinks(entries: unknown, nodes: Readonly<Record<string, DocNode>>, raw: unknown[]) {
  if (!Array.isArray(entries)) throw new NotAWorkflow("The links are not a list.");
  const slots = targetSlots(raw as Fields[]);
  const links: Record<number, DocLink> = {};
  const order = (entries as unknown[]).map((entry): LinkOrder[number] => {
    const link = readLink(entry, slots);
    if (!link || !nodes[link.from] || !nodes[link.to] || Object.hasOwn(links, link.id)) return { stray: entry };
    links[link.id] = link;
    return link.id;
  });
  return { links, order };
}

function readLink(entry: unknown, slots: ReadonlyMap<string, number>): DocLink | null {
  const [id, from, fromSlot, to, toSlot, type] = linkFields(entry);
  if (!Number.isSafeInteger(Number(id)) || id === null || !Number.isInteger(fromSlot) || !Number.isInteger(toSlot))
    return null;
  // Some writers leave out sockets without counting the others anew: the socket that names the link is right.
  const slot = slots.get(`${String(to)}:${Number(id)}`) ?? (toSlot as number);
  return {
    id: Number(id),
    from: String(from),
    fromSlot: fromSlot as number,
    to: String(to),
    toSlot: slot,
    type: readType(type),
    rest: { entry, slot },
  };
}

export const LINK_FIELDS = ["id", "origin_id", "origin_slot", "target_id", "target_slot", "type"] as const;

function linkFields(entry: unknown): readonly unknown[] {
  if (Array.isArray(entry)) return entry;
  return isFields(entry) ? LINK_FIELDS.map((key) => entry[key]) : [];
}

/** By node and link id: the slot of the input that names the link. */
function targetSlots(nodes: readonly Fields[]): Map<string, number> {
  const slots = new Map<string, number>();
  for (const node of nodes) {
    fieldsIn(node["inputs"]).forEach((input, slot) => {
      const link = input["link"];
      if (isId(link)) slots.set(`${String(node["id"])}:${Number(link)}`, slot);
    });
  }
  return slots;
}

/** The oldest files number no groups. */
function readGroups(entries: unknown): DocGroup[] {
  allFields(entries, (at) => `Entry ${at} of the groups`);
  const taken = new Set<number>();
  let last = fieldsIn(entries).reduce((most, entry) => Math.max(most, readCount(entry["id"])), 0);
  return fieldsIn(entries).map((entry) => {
    const given = entry["id"];
    const id = typeof given === "number" && Number.isSafeInteger(given) && !taken.has(given) ? given : (last += 1);
    taken.add(id);
    return readGroup(entry, id);
  });
}
