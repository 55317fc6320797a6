import { type Clip, copied } from "./clipboard";
import { definitionOf, definitionsOf } from "./definitions";
import { fieldsIn } from "./entries";
import { levelOf } from "./levels";
import { loadDoc } from "./load";
import { instance } from "./make_subgraph";
import { applyAll, emptyDoc } from "./ops";
import { saveDoc } from "./save";
import { type Fields, same } from "./same";
import type { Doc, NodeId, Specs } from "./types";

/** Subgraphs on their own, to be put into other workflows: a workflow of one node, whose subgraph is defined first. */

/** A node that stands for a subgraph as a blueprint; null if it stands for none. */
export function blueprintOf(doc: Doc, id: NodeId): Fields | null {
  const clip = copied(doc, [id]);
  const [node] = clip.nodes;
  if (!node || !definitionOf(doc, String(node["type"]))) return null;
  const isFirst = (each: Fields) => Number(each["id"] === node["type"]);
  const subgraphs = clip.subgraphs.toSorted((a, b) => isFirst(b) - isFirst(a));
  const nodes = [{ ...node, id: 1, pos: [0, 0], order: 0 }];
  return { ...saveDoc(emptyDoc()), last_node_id: 1, nodes, definitions: { subgraphs } };
}

/** What a blueprint puts into a workflow; null if it is none. Throws `NotAWorkflow` if it can't be read. */
export function clipOf(blueprint: unknown, specs: Specs): Clip | null {
  const doc = loadDoc(blueprint);
  const id = definitionsOf(doc)[0]?.["id"];
  if (typeof id !== "string") return null;
  const given = doc.order.find((each) => doc.nodes[each]!.type === id);
  if (given !== undefined) return copied(doc, [given]);
  const after = instance(levelOf(doc, id)!, 1, 0, [0, 0], specs);
  return copied(applyAll(doc, [{ of: "nodes", id: after.id, before: null, after }]), [after.id]);
}

/**
 * A clip whose subgraphs are not taken for others of the document: one that was changed there since has another id here.
 * So what is inserted is what was asked for, and what is there stays what it is.
 */
export function distinct(doc: Doc, clip: Clip, newId: () => string): Clip {
  const others = new Map<unknown, string>();
  const isOther = (each: Fields): boolean => {
    const known = definitionOf(doc, String(each["id"]));
    return known !== undefined && (!same(known, each) || fieldsIn(each["nodes"]).some(({ type }) => others.has(type)));
  };
  for (let found = true; found;) {
    const more = clip.subgraphs.filter((each) => !others.has(each["id"]) && isOther(each));
    for (const { id } of more) others.set(id, newId());
    found = more.length > 0;
  }
  const typed = (nodes: readonly Fields[]) =>
    nodes.map((node) => (others.has(node["type"]) ? { ...node, type: others.get(node["type"]) } : node));
  const subgraphs = clip.subgraphs.map((each) => {
    const id = others.get(each["id"]) ?? each["id"];
    return { ...each, id, nodes: typed(fieldsIn(each["nodes"])) };
  });
  return { ...clip, nodes: typed(clip.nodes), subgraphs };
}
