import { isBorder } from "./border";
import { define, definitionsOf, definitionsUsed } from "./definitions";
import { fieldsIn, writtenId } from "./entries";
import { jsonText, parseJson } from "./json";
import { counted, nextGroupId, nextLinkId, nextNodeId } from "./ids";
import { linksAmong } from "./links";
import { pastedMarks } from "./pasted_marks";
import { loadDoc, NotAWorkflow } from "./read";
import { saveDoc } from "./save";
import { type Fields, isFields } from "./same";
import type { Doc, DocNode, NodeId, Op } from "./types";

/** Part of a workflow on its way: entries as in a file, links as objects, and the subgraphs that the nodes stand for. */
export interface Clip {
  readonly nodes: readonly Fields[];
  readonly links: readonly Fields[];
  readonly groups: readonly Fields[];
  readonly subgraphs: readonly Fields[];
}

/** Copies nodes with the links among them. */
export function copied(doc: Doc, ids: Iterable<NodeId>, groups: readonly number[] = []): Clip {
  const chosen = new Set([...ids].filter((id) => doc.nodes[id] && !isBorder(doc.nodes[id])));
  const links = linksAmong(doc, chosen);
  const part = saveDoc({
    ...doc,
    nodes: Object.fromEntries([...chosen].map((id) => [id, doc.nodes[id]!])),
    links: Object.fromEntries(links.map((link) => [link.id, link])),
    groups: Object.fromEntries(groups.flatMap((id) => (doc.groups[id] ? [[id, doc.groups[id]]] : []))),
  });
  const nodes = fieldsIn(part["nodes"]);
  return {
    nodes,
    links: links.map((link) => ({
      id: link.id,
      origin_id: writtenId(link.from),
      origin_slot: link.fromSlot,
      target_id: writtenId(link.to),
      target_slot: link.toSlot,
      type: link.type,
    })),
    groups: fieldsIn(part["groups"]),
    subgraphs: definitionsUsed(definitionsOf(doc), nodes),
  };
}

/** As text for the clipboard of the system. */
export function clipText(clip: Clip): string {
  return jsonText(clip);
}

/** As HTML, in the form in which ComfyUI's front end looks for nodes on the clipboard: base64 of JSON in ASCII. */
export function clipHtml(clip: Clip): string {
  const ascii = clipText(clip).replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const held = `<meta charset="utf-8"><div><span data-comfy-metadata="${btoa(ascii)}"></span></div>`;
  return `${held}<span style="white-space:pre-wrap;">Text</span>`; // it looks for all of this
}

/**
 * What text or HTML of the clipboard holds: a clip, a whole workflow, or HTML that carries either in an attribute in base64,
 * as editors write it. Null if it is something else.
 */
export function clipFrom(text: string): Clip | null {
  const html = /\sdata-[\w-]+="([A-Za-z0-9+/=]{8,})"/.exec(text)?.[1];
  return readClip(text) ?? (html === undefined ? null : readClip(fromBase64(html)));
}

function readClip(text: string): Clip | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const json = parseJson(text);
    const doc = loadDoc(json);
    return doc.order.length === 0 && Object.keys(doc.groups).length === 0 ? null : asClip(json as Fields);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotAWorkflow) return null;
    throw error;
  }
}

function asClip(json: Fields): Clip {
  const definitions = isFields(json["definitions"]) ? json["definitions"]["subgraphs"] : undefined;
  return {
    nodes: fieldsIn(json["nodes"]),
    links: Array.isArray(json["links"]) ? (json["links"] as Fields[]) : [],
    groups: fieldsIn(json["groups"]),
    subgraphs: fieldsIn(json["subgraphs"] ?? definitions),
  };
}

function fromBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch (error) {
    if (error instanceof DOMException) return ""; // not base64 after all
    throw error;
  }
}

/** Puts a clip into a document, its top left corner at `pos`; everything in it gets numbers of its own. */
export function paste(doc: Doc, clip: Clip, pos: readonly [number, number]): { ops: Op[]; ids: NodeId[] } {
  const part = loadDoc({ nodes: clip.nodes, links: clip.links, groups: clip.groups });
  const corners = [
    ...Object.values(part.nodes).map((node) => node.pos),
    ...Object.values(part.groups).map((group) => group.bounding),
  ];
  const by = [0, 1].map((axis) => pos[axis]! - Math.min(...corners.map((corner) => corner[axis]!))) as [number, number];
  const first = nextNodeId(doc);
  const ids = new Map(part.order.map((id, at) => [id, String(first + at)]));
  const marks = pastedMarks(doc);
  const ops: Op[] = part.order.map((id, at) => {
    const { properties } = part.nodes[id]!;
    const node = numbered({ ...part.nodes[id]!, properties: marks(properties) }, first + at, doc.order.length + at, by);
    return { of: "nodes", id: node.id, before: null, after: node };
  });
  const firstLink = nextLinkId(doc);
  const links = Object.values(part.links).map((link, at) => {
    const after = { ...link, id: firstLink + at, from: ids.get(link.from)!, to: ids.get(link.to)!, rest: {} };
    return { of: "links", id: after.id, before: null, after } satisfies Op;
  });
  const lastNodeId = first + ids.size - 1;
  const lastLinkId = firstLink + links.length - 1;
  const counts = { ...(ids.size > 0 ? { lastNodeId } : {}), ...(links.length > 0 ? { lastLinkId } : {}) };
  const numbers = counted(doc, counts);
  return {
    ops: [...ops, ...links, ...groupOps(doc, part, by), ...numbers, ...defined(doc, clip)],
    ids: [...ids.values()],
  };
}

/** A node under a new number, elsewhere, with no links yet. */
function numbered(node: DocNode, number: number, order: number, by: readonly [number, number]): DocNode {
  return {
    ...node,
    id: String(number),
    pos: [node.pos[0] + by[0], node.pos[1] + by[1]],
    inputs: node.inputs.map((input) => ({ ...input, rest: { ...input.rest, link: null } })),
    outputs: node.outputs.map((output) => ({ ...output, rest: { ...output.rest, links: null } })),
    rest: { ...node.rest, id: number, order },
  };
}

function groupOps(doc: Doc, part: Doc, by: readonly [number, number]): Op[] {
  const first = nextGroupId(doc);
  return Object.values(part.groups).map((group, at) => {
    const [x, y, width, height] = group.bounding;
    const id = first + at;
    const after = {
      ...group,
      id,
      bounding: [x + by[0], y + by[1], width, height] as const,
      rest: { ...group.rest, id },
    };
    return { of: "groups", id, before: null, after };
  });
}

/** The subgraphs that the document does not have yet. */
function defined(doc: Doc, clip: Clip): Op[] {
  const known = new Set(definitionsOf(doc).map((each) => each["id"]));
  return define(
    doc,
    clip.subgraphs.filter((each) => !known.has(each["id"])),
  );
}
