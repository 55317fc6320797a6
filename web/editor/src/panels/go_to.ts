import { centerOn } from "../canvas/actions";
import { leavePlace } from "../canvas/jumps";
import { activeTab, useWorkspace } from "../store/workspace";

/** Select a node of the active workflow and bring it into view; one can come back from there. */
export function goTo(id: string): void {
  const workspace = useWorkspace.getState();
  if (!activeTab(workspace).doc.nodes[id]) return;
  leavePlace();
  workspace.select([id]);
  centerOn(id);
}
