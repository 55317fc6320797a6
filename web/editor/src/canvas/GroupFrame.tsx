import { type NodeProps, NodeResizeControl, type ResizeParams } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { setGroup } from "../graph/edits";
import { useWorkspace } from "../store/workspace";
import { groupFlowId, type GroupFlowNode } from "./derive";
import { renameGroup } from "./groups";
import { beginRename, endRename, useIsRenamed } from "./renaming";
import { currentDoc } from "./selection";
import { t } from "./strings";

const MIN_SIZE_PX = 80;

/** A frame behind nodes. It is moved by its title, and what lies in it goes along. */
export const GroupFrame = memo(function GroupFrame({ data: { id, of: group }, selected }: NodeProps<GroupFlowNode>) {
  const flowId = groupFlowId(id);
  const renaming = useIsRenamed(flowId);
  const resized = (_: unknown, { x, y, width, height }: ResizeParams) => {
    const bounding = [Math.round(x), Math.round(y), Math.round(width), Math.round(height)] as const;
    useWorkspace.getState().edit(t.resizeGroup, setGroup(currentDoc(), id, { bounding }));
  };
  return (
    <section
      className="group"
      aria-label={t.groupNamed(group.title)}
      data-selected={selected || undefined}
      style={group.color ? ({ "--group-color": group.color } as CSSProperties) : undefined}
    >
      <header className="group-title" onDoubleClick={() => beginRename(flowId)}>
        {renaming ? <TitleField id={id} title={group.title} onDone={endRename} /> : group.title}
      </header>
      <NodeResizeControl
        className="group-corner"
        position="bottom-right"
        minWidth={MIN_SIZE_PX}
        minHeight={MIN_SIZE_PX}
        onResizeEnd={resized}
      />
    </section>
  );
});

function TitleField({ id, title, onDone }: { id: number; title: string; onDone: () => void }) {
  const keep = (value: string) => {
    if (value.trim() !== "") renameGroup(id, value.trim());
    onDone();
  };
  return (
    <input
      type="text"
      className="nodrag"
      aria-label={t.renameGroup}
      defaultValue={title}
      autoFocus
      onFocus={(event) => event.target.select()}
      onBlur={(event) => keep(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") keep(event.currentTarget.value);
        if (event.key === "Escape") onDone();
        event.stopPropagation();
      }}
    />
  );
}
