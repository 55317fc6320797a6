import { NodeResizeControl, ResizeControlVariant, type ResizeParams } from "@xyflow/react";
import { TITLE_HEIGHT } from "../canvas/geometry";
import { editSize } from "./edit";
import { usePlace } from "./slices";

export const MIN_WIDTH = 140;

/** The right and lower edges and their corner change a node's size; the document changes once, on letting go. */
export function Resizer({ minHeight = TITLE_HEIGHT }: { minHeight?: number }) {
  const place = usePlace();
  const end = (_: unknown, { width, height }: ResizeParams) =>
    editSize(place, [Math.round(width), Math.round(Math.max(0, height - TITLE_HEIGHT))]);
  const shared = { minWidth: MIN_WIDTH, minHeight, onResizeEnd: end };
  return (
    <>
      <NodeResizeControl {...shared} className="node-edge" position="right" variant={ResizeControlVariant.Line} />
      <NodeResizeControl {...shared} className="node-edge" position="bottom" variant={ResizeControlVariant.Line} />
      <NodeResizeControl {...shared} className="node-corner" position="bottom-right" />
    </>
  );
}
