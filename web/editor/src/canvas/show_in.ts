import type { NodeId } from "../graph/types";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";

/** By then the nodes of another level are drawn. */
const DRAWN_MS = 100;

/** Go where entering these nodes leads, select something there, and bring it into view once it is drawn. */
export function showIn(path: readonly NodeId[], select: () => void, view: () => void): void {
  const workspace = useWorkspace.getState();
  const isThere = placeOf(activeTab(workspace)).path.join() === path.join();
  if (!isThere) workspace.goInto(path);
  select();
  if (isThere) view();
  else setTimeout(view, DRAWN_MS);
}
