import { definitionOf, definitionsOf } from "./definitions";
import { fieldsIn } from "./entries";
import { type Change, followed, isSeenOutside } from "./instances";
import { levelOf } from "./levels";
import { NotAWorkflow } from "./load";
import { applyAll } from "./ops";
import type { Doc, DocNode, NodeId, Op, Specs } from "./types";

/** Where in a document one is: inside of which subgraph, and what is done there as changes of the whole. */

export interface Place {
  /** The nodes that were entered, as far as they are there. */
  readonly path: readonly NodeId[];
  /** The subgraph that is seen; null for the whole workflow. */
  readonly subgraph: string | null;
  /** What is seen. */
  readonly doc: Doc;
}

/** Where entering these nodes one after the other leads. Throws `NotAWorkflow` if what is in one can't be read. */
export function placeAt(doc: Doc, path: readonly NodeId[]): Place {
  let place: Place = { path: [], subgraph: null, doc };
  for (const id of path) {
    const type = place.doc.nodes[id]?.type;
    const level = type === undefined ? undefined : levelOf(doc, type);
    if (!level) break;
    place = { path: [...place.path, id], subgraph: type!, doc: level };
  }
  return place;
}

/** More insides than these are not looked at: a few subgraphs within one another can stand for any number. */
export const MOST_PLACES = 1000;

/** Every level of a document, those further out first: an inside as often as there are ways to it. */
export function placesIn(doc: Doc, most = MOST_PLACES): Place[] {
  const found: Place[] = [{ path: [], subgraph: null, doc }];
  for (const place of found) {
    for (const id of place.doc.order) {
      if (found.length >= most) return found;
      const inner = isReadable(place.doc, id) ? placeAt(doc, [...place.path, id]) : place;
      if (inner.path.length > place.path.length) found.push(inner); // the loop visits it too
    }
  }
  return found;
}

function isReadable(level: Doc, id: NodeId): boolean {
  try {
    return levelOf(level, level.nodes[id]!.type) !== undefined;
  } catch (error) {
    if (error instanceof NotAWorkflow) return false; // entering it says so
    throw error;
  }
}

/** What the nodes are called that lead to a place. */
export function titlesTo(doc: Doc, path: readonly NodeId[]): string[] {
  let level: Doc | undefined = doc;
  return path.map((id) => {
    const node: DocNode | undefined = level?.nodes[id];
    level = node && levelOf(doc, node.type);
    return node?.title ?? String(definitionOf(doc, node?.type ?? "")?.["name"] ?? id);
  });
}

/** The node that the server calls so: `5:2` is node 2 inside of node 5. */
export function nodeAt(doc: Doc, id: string): DocNode | undefined {
  const path = id.split(":");
  const last = path.pop()!;
  const place = placeAt(doc, path);
  return place.path.length === path.length ? place.doc.nodes[last] : undefined;
}

/** Where a node that ran is seen: at the outermost node around it, and so on down to itself. What it expanded into is not. */
export function seenAt(doc: Doc, id: string): string[] {
  const parts = id.split(":");
  const found = [parts[0]!];
  for (let depth = 1; depth < parts.length; depth++) {
    const place = placeAt(doc, parts.slice(0, depth));
    if (place.path.length < depth || !place.doc.nodes[parts[depth]!]) break;
    found.push(parts.slice(0, depth + 1).join(":"));
  }
  return found;
}

/**
 * What was done inside of a subgraph, as changes of the whole document: nodes that stand for the subgraph follow where its
 * inputs and outputs changed, in the workflow itself and inside of other subgraphs.
 */
export function lifted(doc: Doc, subgraph: string | null, ops: readonly Op[], specs: Specs): Op[] {
  return subgraph === null ? [...ops] : [...inside(subgraph, ops), ...following(doc, subgraph, ops, specs)];
}

function following(doc: Doc, subgraph: string, ops: readonly Op[], specs: Specs): Op[] {
  const [definition, before] = [definitionOf(doc, subgraph), levelOf(doc, subgraph)];
  if (!definition || !before) return [];
  const change: Change = { definition, before, after: applyAll(before, ops), specs };
  if (!isSeenOutside(change)) return [];
  const found: Op[] = [];
  let now = applyAll(doc, inside(subgraph, ops));
  for (const id of [null, ...hostsOf(doc, subgraph)]) {
    const host = id === null ? now : levelOf(now, id);
    if (!host) continue;
    const more = lifted(now, id, allFollow(host, subgraph, change), specs);
    now = applyAll(now, more);
    found.push(...more);
  }
  return found;
}

/** A subgraph as such is the whole document's. */
function inside(subgraph: string, ops: readonly Op[]): Op[] {
  return ops.map((op): Op => (op.of === "definitions" ? op : { ...op, in: subgraph }));
}

/** The subgraphs that have nodes which stand for this one. */
function hostsOf(doc: Doc, subgraph: string): string[] {
  const isHost = (nodes: unknown) => fieldsIn(nodes).some(({ type }) => type === subgraph);
  return definitionsOf(doc).flatMap((each) =>
    each["id"] !== subgraph && isHost(each["nodes"]) ? [String(each["id"])] : [],
  );
}

/** One after the other: a wire may join two of them. */
function allFollow(host: Doc, subgraph: string, change: Change): Op[] {
  const ops: Op[] = [];
  let now = host;
  for (const id of host.order.filter((each) => host.nodes[each]?.type === subgraph)) {
    const more = followed(now, now.nodes[id]!, change);
    now = applyAll(now, more);
    ops.push(...more);
  }
  return ops;
}
