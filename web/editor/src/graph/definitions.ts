import { fieldsIn } from "./entries";
import { type Fields, isFields } from "./same";
import type { Doc, Op } from "./types";

/** The subgraphs of a document as they are in the file: each is defined once, whatever number of nodes stand for it. */

/** The subgraphs that nodes of a document can stand for. They lie in one list, or within one another. */
export function definitionsOf(doc: Doc): readonly Fields[] {
  return listed(doc.rest["definitions"]);
}

const NONE: readonly Fields[] = [];
const lists = new WeakMap<Fields, readonly Fields[]>();

function listed(definitions: unknown): readonly Fields[] {
  if (!isFields(definitions)) return NONE;
  let list = lists.get(definitions);
  if (!list) {
    list = fieldsIn(definitions["subgraphs"]).flatMap((each) => [each, ...listed(each["definitions"])]);
    lists.set(definitions, list);
  }
  return list;
}

export function definitionOf(doc: Doc, id: string): Fields | undefined {
  return definitionsOf(doc).find((each) => each["id"] === id);
}

/** The subgraphs that some nodes stand for, with those inside them. */
export function definitionsUsed(all: readonly Fields[], nodes: readonly Fields[]): Fields[] {
  const used = new Set<Fields>();
  const visit = (inner: readonly Fields[]): void => {
    for (const node of inner) {
      const definition = all.find((each) => each["id"] === node["type"]);
      if (!definition || used.has(definition)) continue;
      used.add(definition);
      visit(fieldsIn(definition["nodes"]));
    }
  };
  visit(nodes);
  return all.filter((each) => used.has(each));
}

/** How many nodes of a whole document stand for a subgraph. */
export function usesOf(doc: Doc, id: string): number {
  const inside = definitionsOf(doc).flatMap((each) => fieldsIn(each["nodes"]));
  return [...Object.values(doc.nodes), ...inside].filter(({ type }) => type === id).length;
}

/** Whether a subgraph has another one in it, at any depth, or is it. */
export function holds(doc: Doc, id: string, other: string): boolean {
  const inside = new Set([id]);
  for (const each of inside)
    fieldsIn(definitionOf(doc, each)?.["nodes"]).forEach(({ type }) => inside.add(String(type)));
  return inside.has(other);
}

/** Adds subgraphs that the document does not have. */
export function define(doc: Doc, added: readonly Fields[]): Op[] {
  if (added.length === 0) return [];
  const { definitions } = doc.rest;
  const known = isFields(definitions) ? fieldsIn(definitions["subgraphs"]).length : 0;
  const ops: Op[] = added.map((after, at) => {
    return { of: "definitions", id: String(after["id"]), at: known + at, before: null, after };
  });
  if (isFields(definitions) && Array.isArray(definitions["subgraphs"])) return ops;
  const rest = { ...doc.rest, definitions: { ...(isFields(definitions) ? definitions : {}), subgraphs: [] } };
  return [{ of: "doc", before: { rest: doc.rest }, after: { rest } }, ...ops];
}

/** Changes what a file says of a subgraph as a whole: its name, its description. */
export function redefine(doc: Doc, id: string, partial: Fields): Op[] {
  const before = definitionOf(doc, id);
  return before ? [{ of: "definitions", id, at: placeOf(doc, id), before, after: { ...before, ...partial } }] : [];
}

/** Takes a subgraph out of the document, which no node may stand for any more. */
export function undefine(doc: Doc, id: string): Op[] {
  const at = placeOf(doc, id);
  const before = definitionOf(doc, id);
  return before && at >= 0 ? [{ of: "definitions", id, at, before, after: null }] : [];
}

function placeOf(doc: Doc, id: string): number {
  const { definitions } = doc.rest;
  return isFields(definitions) ? fieldsIn(definitions["subgraphs"]).findIndex((each) => each["id"] === id) : -1;
}

/** `definitions` of a file with one subgraph changed, added at a place of the list, or taken out (`after` is null). */
export function withDefinition(definitions: unknown, id: string, after: Fields | null, at = -1): Fields {
  const known = isFields(definitions) ? definitions : {};
  const list = fieldsIn(known["subgraphs"]);
  if (after && !listed(known).some((each) => each["id"] === id)) {
    const place = at < 0 ? list.length : at;
    return { ...known, subgraphs: [...list.slice(0, place), after, ...list.slice(place)] };
  }
  const subgraphs = list.flatMap((each) => {
    if (each["id"] === id) return after ? [after] : [];
    const inner = each["definitions"];
    const has = listed(inner).some((other) => other["id"] === id);
    return [has ? { ...each, definitions: withDefinition(inner, id, after) } : each];
  });
  return { ...known, subgraphs };
}
