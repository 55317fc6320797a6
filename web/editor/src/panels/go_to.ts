import { centerOn } from "../canvas/actions";
import { leavePlace } from "../canvas/jumps";
import { nodeAt } from "../graph/within";
import { activeTab, pathText, useWorkspace } from "../store/workspace";

/** By then the nodes of another level are drawn. */
const DRAWN_MS = 100;

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
  const isElsewhere = pathText(activeTab(workspace)) !== path.map((each) => `${each}:`).join("");
  if (isElsewhere) workspace.goInto(path);
  workspace.select([last]);
  if (isElsewhere) setTimeout(() => centerOn(last), DRAWN_MS);
  else centerOn(last);
}
