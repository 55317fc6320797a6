import type { Doc, DocNode, NodeSpec, Specs } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";

/** What a node is called: its title, or the name of its type; its id if the workflow no longer has it. */
export function titleOf(doc: Doc, specs: Specs, id: string): string {
  const node = doc.nodes[id];
  return named(node, node && specs[node.type], id);
}

/** What a node of the active tab is called. */
export function useTitle(id: string | null): string | null {
  const node = useWorkspace((workspace) => (id === null ? undefined : activeTab(workspace).doc.nodes[id]));
  const spec = useSpecs((store) => (node ? store.specs[node.type] : undefined));
  return id === null ? null : named(node, spec, id);
}

function named(node: DocNode | undefined, spec: NodeSpec | undefined, id: string): string {
  return node ? node.title || spec?.display_name || node.type : `#${id}`;
}
