import { getBezierPath, Position, type ReactFlowState, useStore, ViewportPortal } from "@xyflow/react";
import { type CSSProperties, useMemo } from "react";
import { typeColor } from "../nodes/color";
import type { FlowEdge } from "./derive";
import { useFlow } from "./flow";

type Nodes = ReactFlowState["nodeLookup"];

/** So many wires of one look are one line: fewer elements, and still small ones, which are not painted out of view. */
const TOGETHER = 16;

/**
 * The wires from afar: bare lines behind the nodes. React Flow's, which can be grabbed, each look at every movement of
 * the view, and there are thousands of them in view.
 */
export function FarWires() {
  const edges = useFlow((flow) => flow.edges);
  useStore((store) => store.nodes); // places change with these
  const nodes = useStore((store) => store.nodeLookup); // one object for good
  const bundles = useMemo(() => bundled(edges), [edges]);
  return (
    <ViewportPortal>
      <svg className="far-wires" aria-hidden="true">
        {bundles.map(([first, ...others]) => (
          <path
            key={first.id}
            d={[first, ...others].map((edge) => pathOf(edge, nodes)).join("")}
            data-selected={first.selected || undefined}
            data-dimmed={first.data?.dimmed || undefined}
            style={{ "--wire": typeColor(first.data?.of.type ?? "*") } as CSSProperties}
          />
        ))}
      </svg>
    </ViewportPortal>
  );
}

type Bundle = [FlowEdge, ...FlowEdge[]];

function bundled(edges: readonly FlowEdge[]): Bundle[] {
  const bundles: Bundle[] = [];
  const open = new Map<string, Bundle>();
  for (const edge of edges) {
    const look = `${edge.data?.of.type} ${edge.data?.dimmed} ${edge.selected ?? false}`;
    const bundle = open.get(look);
    if (bundle && bundle.length < TOGETHER) {
      bundle.push(edge);
      continue;
    }
    const fresh: Bundle = [edge];
    open.set(look, fresh);
    bundles.push(fresh);
  }
  return bundles;
}

function pathOf({ source, sourceHandle, target, targetHandle }: FlowEdge, nodes: Nodes): string {
  const from = endOf(nodes, source, "source", sourceHandle);
  const to = endOf(nodes, target, "target", targetHandle);
  if (!from || !to) return "";
  const [path] = getBezierPath({
    sourceX: from.x,
    sourceY: from.y,
    sourcePosition: Position.Right,
    targetX: to.x,
    targetY: to.y,
    targetPosition: Position.Left,
  });
  return path;
}

/** Where a socket is, or the middle of its side as long as nobody knows. */
function endOf(nodes: Nodes, id: string, side: "source" | "target", handle: string | null | undefined) {
  const node = nodes.get(id);
  if (!node) return null;
  const { positionAbsolute, handleBounds } = node.internals;
  const dot = handleBounds?.[side]?.find((each) => each.id === handle);
  const y = dot ? dot.y + dot.height / 2 : (node.measured.height ?? 0) / 2;
  return { x: positionAbsolute.x + (side === "source" ? (node.measured.width ?? 0) : 0), y: positionAbsolute.y + y };
}
