import type { KeyboardEvent } from "react";
import { activeDoc, useWorkspace } from "../store/workspace";
import { movesOf } from "./drag";
import { useFlow } from "./flow";
import { t } from "./strings";

/** React Flow has moved the selected nodes by an arrow key: the document follows; what comes at once is one step. */
export function endNudge(event: KeyboardEvent): void {
  if (!event.defaultPrevented || !event.key.startsWith("Arrow")) return;
  const workspace = useWorkspace.getState();
  const moves = movesOf(activeDoc(workspace), useFlow.getState().nodes);
  if (moves.length > 0) workspace.edit(t.move, moves, "nudge");
}
