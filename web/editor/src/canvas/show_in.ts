import type { NodeId } from "../graph/types";
import { activeTab, pathText, useWorkspace } from "../store/workspace";
import { useWanted } from "./viewports";

/** Go where entering these nodes leads, select something there, and bring it into view once it is drawn. */
export function showIn(path: readonly NodeId[], select: () => void, view: () => void): void {
  const here = () => pathText(activeTab(useWorkspace.getState()));
  const before = here();
  if (before !== path.map((id) => `${id}:`).join("")) useWorkspace.getState().goInto(path);
  select();
  if (here() === before) view();
  else useWanted.setState({ view });
}
