import { centerOn } from "../canvas/actions";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";

/** Select a node of the active workflow and bring it into view. */
export function goTo(id: string): void {
  const workspace = useWorkspace.getState();
  if (!activeTab(workspace).doc.nodes[id]) return;
  if (placeOf(activeTab(workspace)).path.length > 0) workspace.goInto([]);
  workspace.select([id]);
  centerOn(id);
}
