import { NodeResizeControl, ResizeControlVariant, type ResizeParams } from "@xyflow/react";
import { useState } from "react";
import { flushSync } from "react-dom";
import { TITLE_HEIGHT } from "../canvas/geometry";
import { editSize } from "./edit";
import { usePlace } from "./slices";

export const MIN_WIDTH = 140;

/** React Flow's classes, which say where each lies. */
const PLACES = ["line right node-edge", "line bottom node-edge", "handle bottom right node-corner"];

/**
 * The right and lower edges and their corner change a node's size; the document changes once, on letting go. React
 * Flow's controls are drawn again with every change of the zoom, so they come only where a pointer does, or to a node
 * that is selected.
 */
export function Resizer({ selected, minHeight = TITLE_HEIGHT }: { selected: boolean; minHeight?: number }) {
  const [isNear, setNear] = useState(false);
  if (selected || isNear) return <Controls minHeight={minHeight} />;
  const come = () => flushSync(() => setNear(true)); // at once: the press that follows is for them
  return PLACES.map((classes) => (
    <div key={classes} className={`react-flow__resize-control nodrag ${classes}`} onPointerEnter={come} />
  ));
}

function Controls({ minHeight }: { minHeight: number }) {
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
