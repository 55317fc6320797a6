import { centerAt } from "../canvas/actions";
import { leavePlace } from "../canvas/jumps";
import { goTo } from "../panels/go_to";
import { activeTab, pathText, useWorkspace } from "../store/workspace";
import type { Ghost } from "./ghosts";
import type { Group } from "./groups";

/** By then what is on another level is drawn. */
const DRAWN_MS = 100;

/** Where a click on what is told of a node leads: to the node, or to where it was; null if that is nowhere. */
export function wayTo({ node }: Group, ghosts: readonly Ghost[]): (() => void) | null {
  const { a, b } = node;
  if (b !== null) return () => goTo(b);
  const ghost = ghosts.find(({ id }) => id === a);
  return ghost && isThere(ghost) ? () => goToGhost(ghost) : null;
}

/** Whether the level that a ghost is drawn in exists here. */
function isThere({ level }: Ghost): boolean {
  const workspace = useWorkspace.getState();
  return placeText(workspace, pathOf(level)) === level;
}

function goToGhost({ level, x, y, width, height }: Ghost): void {
  leavePlace();
  const isElsewhere = pathText(activeTab(useWorkspace.getState())) !== level;
  if (isElsewhere) useWorkspace.getState().goInto(pathOf(level));
  useWorkspace.getState().select([]);
  const center = () => centerAt({ x: x + width / 2, y: y + height / 2 });
  if (isElsewhere) setTimeout(center, DRAWN_MS);
  else center();
}

function pathOf(level: string): string[] {
  return level.split(":").filter(Boolean);
}

function placeText(workspace: ReturnType<typeof useWorkspace.getState>, path: readonly string[]): string {
  return pathText({ ...activeTab(workspace), entered: path });
}
