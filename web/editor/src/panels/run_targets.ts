import { ALWAYS, type Doc, type NodeId, type Specs } from "../graph/types";

/** The output nodes to run for these nodes: they themselves, and for one without an own result the first it leads to. */
export function runTargets(doc: Doc, specs: Specs, selected: readonly NodeId[]): NodeId[] {
  const seen = new Set(selected);
  const targets: NodeId[] = [];
  for (const id of seen) {
    const node = doc.nodes[id];
    if (!node) continue;
    if (specs[node.type]?.output_node && node.mode === ALWAYS) targets.push(id);
    else for (const below of fedBy(doc, id)) seen.add(below); // the loop visits these too
  }
  return targets;
}

function fedBy(doc: Doc, id: NodeId): NodeId[] {
  return Object.values(doc.links).flatMap((link) => (link.from === id ? [link.to] : []));
}
