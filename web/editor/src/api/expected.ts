import { definitionOf } from "../graph/definitions";
import { groupOf } from "../graph/group_nodes";
import { ALWAYS, MUTED, type Doc, type DocNode, type Specs } from "../graph/types";

/** The nodes that a run is going to need, as far as can be told: the outputs, or `only` these, and all that feeds them. */
export function expectedNodes(doc: Doc, specs: Specs, only?: readonly string[]): Set<string> {
  const feeding = new Map<string, string[]>();
  for (const { from, to } of Object.values(doc.links)) feeding.set(to, [...(feeding.get(to) ?? []), from]);
  const outputs = Object.values(doc.nodes).filter((node) => node.mode === ALWAYS && specs[node.type]?.output_node);
  const seen = new Set<string>();
  const open = [...(only ?? outputs.map((node) => node.id))];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = doc.nodes[id];
    if (!node || node.mode === MUTED || seen.has(id)) continue;
    seen.add(id);
    open.push(...(feeding.get(id) ?? []));
  }
  return new Set([...seen].filter((id) => runs(doc, doc.nodes[id]!, specs)));
}

/** Whether the server has something to do for it: a node of its types, or what stands for such nodes. */
function runs(doc: Doc, { mode, type }: DocNode, specs: Specs): boolean {
  if (mode !== ALWAYS) return false;
  return type in specs || definitionOf(doc, type) !== undefined || groupOf(doc, type) !== undefined;
}
