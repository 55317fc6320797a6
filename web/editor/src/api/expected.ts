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
  const subgraphs = subgraphTypes(doc);
  const runs = (node: DocNode) => node.mode === ALWAYS && (node.type in specs || subgraphs.has(node.type));
  return new Set([...seen].filter((id) => runs(doc.nodes[id]!)));
}

function subgraphTypes(doc: Doc): Set<unknown> {
  const { subgraphs = [] } = (doc.rest.definitions ?? {}) as { subgraphs?: readonly { id?: unknown }[] };
  return new Set(subgraphs.map(({ id }) => id));
}
