import { specOf } from "../graph/subgraphs";
import type { Doc, Specs } from "../graph/types";
import { nodeAt } from "../graph/within";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";

/** What a node is called: its title, or the name of its type; its id if the workflow no longer has it. */
export function titleOf(doc: Doc, specs: Specs, id: string): string {
  const node = nodeAt(doc, id);
  if (!node) return `#${id}`;
  return node.title || specOf(doc, node, specs)?.display_name || node.type;
}

/** What a node of the active tab is called. */
export function useTitle(id: string | null): string | null {
  const specs = useSpecs((store) => store.specs);
  return useWorkspace((workspace) => (id === null ? null : titleOf(activeTab(workspace).doc, specs, id)));
}
