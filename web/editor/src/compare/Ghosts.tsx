import { ViewportPortal } from "@xyflow/react";
import { useShallow } from "zustand/react/shallow";
import { activeTab, pathText, useWorkspace } from "../store/workspace";
import { useCompare } from "./store";
import { t } from "./strings";
import "./compare.css";

/** The nodes that only the other workflow of a comparison has, on the canvas where they lay. */
export function Ghosts() {
  const tab = useWorkspace((workspace) => activeTab(workspace).id);
  const level = useWorkspace((workspace) => pathText(activeTab(workspace)));
  const ghosts = useCompare(
    useShallow(({ shown }) =>
      shown?.tab === tab ? (shown.found?.ghosts.filter((ghost) => ghost.level === level) ?? []) : [],
    ),
  );
  if (ghosts.length === 0) return null;
  return (
    <ViewportPortal>
      {ghosts.map(({ id, name, x, y, width, height }) => (
        <div
          key={id}
          className="ghost"
          data-diff="removed"
          data-diff-label={`${t.signs.removed} ${t.kinds.removed}`}
          style={{ transform: `translate(${x}px, ${y}px)`, width, height }}
        >
          {name}
        </div>
      ))}
    </ViewportPortal>
  );
}
