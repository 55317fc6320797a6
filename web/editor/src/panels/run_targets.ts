import { canRunTo } from "../graph/probes";
import type { Doc, NodeId, Specs } from "../graph/types";
import { activeTab, placeOf, type Workspace } from "../store/workspace";

/** Those of the selected nodes up to which a run can be asked for. */
export function runTargets(doc: Doc, specs: Specs, selected: readonly NodeId[]): NodeId[] {
  return selected.filter((id) => canRunTo(doc, specs, id));
}

/** The same of what is selected now; inside of a subgraph it is the node of the workflow that was entered. */
export function targetsNow(workspace: Workspace, specs: Specs): NodeId[] {
  const tab = activeTab(workspace);
  const [entered] = placeOf(tab).path;
  const { nodes } = workspace.selection;
  return runTargets(tab.doc, specs, entered !== undefined && nodes.length > 0 ? [entered] : nodes);
}
