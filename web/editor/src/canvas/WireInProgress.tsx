import { type ConnectionLineComponentProps, getBezierPath, useConnection } from "@xyflow/react";
import { typeColor } from "../nodes/color";
import { endOf } from "./connecting";
import type { FlowNode } from "./derive";
import { useWire, whyNotHere } from "./wire";

/** The wire that is being drawn. */
export function WireInProgress(line: ConnectionLineComponentProps<FlowNode>) {
  const type = useWire(({ wire }) => wire?.type ?? "*");
  const [path] = getBezierPath({
    sourceX: line.fromX,
    sourceY: line.fromY,
    sourcePosition: line.fromPosition,
    targetX: line.toX,
    targetY: line.toY,
    targetPosition: line.toPosition,
  });
  return (
    <path
      className="wire-in-progress"
      data-refused={line.connectionStatus === "invalid" || undefined}
      d={path}
      stroke={typeColor(type)}
    />
  );
}

/** Why the wire being drawn cannot end in the socket below the pointer, said beside the pointer. */
export function WireReason() {
  const wire = useWire((store) => store.wire);
  const { toHandle, pointer } = useConnection<FlowNode>();
  const target = toHandle && endOf(toHandle.nodeId, toHandle.id);
  const reason = wire && target && pointer ? whyNotHere(wire.from, target) : null;
  if (reason === null || !pointer) return null;
  return (
    <p className="wire-reason" role="status" style={{ left: pointer.x + 16, top: pointer.y + 16 }}>
      {reason}
    </p>
  );
}
