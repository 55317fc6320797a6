import { centerOn } from "../canvas/actions";
import { leavePlace } from "../canvas/jumps";
import { showIn } from "../canvas/show_in";
import { nodeAt } from "../graph/within";
import { activeTab, useWorkspace } from "../store/workspace";

/**
 * Select a node of the active workflow, as the server calls it, and bring it into view, inside of subgraphs too; one can
 * come back from there.
 */
export function goTo(id: string): void {
  const workspace = useWorkspace.getState();
  if (!nodeAt(activeTab(workspace).doc, id)) return;
  leavePlace();
  const path = id.split(":");
  const last = path.pop()!;
  showIn(
    path,
    () => workspace.select([last]),
    () => centerOn(last),
  );
}
