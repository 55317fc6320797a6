import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { typeColor } from "../nodes/color";
import type { FlowEdge } from "./derive";

const GRAB_WIDTH_PX = 16;

/** A wire in the colour of its type; paler where a muted or bypassed node is at an end. */
export const LinkEdge = memo(function LinkEdge({ id, data, selected, ...ends }: EdgeProps<FlowEdge>) {
  const [path] = getBezierPath(ends);
  return (
    <g className="wire" data-selected={selected || undefined} data-dimmed={data?.dimmed || undefined}>
      <BaseEdge
        id={id}
        path={path}
        interactionWidth={GRAB_WIDTH_PX}
        style={{ "--wire": typeColor(data?.of.type ?? "*") } as CSSProperties}
      />
    </g>
  );
});
