import { Panel, type Rect, type ReactFlowState, useReactFlow, useStore } from "@xyflow/react";
import { memo, type PointerEvent, type ReactNode, useEffect, useMemo, useRef } from "react";
import { typeColor } from "../nodes/color";
import { type FlowNode, isGroup } from "./derive";
import { useFlow } from "./flow";
import type { Point } from "./geometry";
import { boundsOf, mapOf, type MapView, pathsOf } from "./minimap";
import { t } from "./strings";
import { useIsWhole } from "./viewports";

const WIDTH = 200;
const HEIGHT = 150;
const ROOM = 5;
/** So much of a doubling of the zoom is a pixel of the wheel: as on the canvas. */
const ZOOM_A_PIXEL = 0.002;

/**
 * The whole workflow, and what is seen of it: dragged, the view moves, and the wheel zooms. React Flow's own map has an
 * element and a listener for each node; this one has a path for each colour.
 */
export function Minimap() {
  const nodes = useFlow((flow) => flow.nodes);
  const boxes = useMemo(() => nodes.map(boxOf), [nodes]);
  const all = useMemo(() => boundsOf(boxes), [boxes]);
  const seen = useStore(seenOf, isSame);
  if (!all) return null;
  const map = mapOf(all, seen, WIDTH, HEIGHT, ROOM);
  const { x, y, width, height } = map.box;
  return (
    <Panel position="bottom-right" className="react-flow__minimap">
      <Hand map={map}>
        <svg width={WIDTH} height={HEIGHT} viewBox={`${x} ${y} ${width} ${height}`} role="img" aria-label={t.minimap}>
          <Boxes boxes={boxes} />
          <path
            className="react-flow__minimap-mask"
            d={`M${x} ${y}h${width}v${height}h${-width}zM${seen.x} ${seen.y}h${seen.width}v${seen.height}h${-seen.width}z`}
            fillRule="evenodd"
          />
        </svg>
      </Hand>
    </Panel>
  );
}

/** Not drawn again while the view moves. */
const Boxes = memo(function Boxes({ boxes }: { boxes: readonly Box[] }) {
  return pathsOf(boxes).map(([color, path]) => <path key={color} d={path} style={{ fill: color }} />);
});

/** What moves the view: by the pointer as far as it is moved, seen on the map. */
function Hand({ map, children }: { map: MapView; children: ReactNode }) {
  const { getViewport, setViewport, zoomTo } = useReactFlow();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const turned = (event: WheelEvent) => {
      event.preventDefault(); // React listens for wheels without a say in what follows
      useIsWhole.setState({ isWhole: false });
      void zoomTo(getViewport().zoom * 2 ** (-event.deltaY * ZOOM_A_PIXEL));
    };
    const { current } = element;
    current?.addEventListener("wheel", turned, { passive: false });
    return () => current?.removeEventListener("wheel", turned);
  }, [getViewport, zoomTo]);
  const held = useRef<Point | null>(null);
  const pressed = (event: PointerEvent) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = pointOf(event);
  };
  const moved = (event: PointerEvent) => {
    if (!held.current || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const [from, to] = [held.current, pointOf(event)];
    held.current = to;
    const { x, y, zoom } = getViewport();
    const by = map.scale * zoom;
    useIsWhole.setState({ isWhole: false });
    void setViewport({ x: x - (to.x - from.x) * by, y: y - (to.y - from.y) * by, zoom });
  };
  return (
    <div ref={element} className="minimap-hand" onPointerDown={pressed} onPointerMove={moved}>
      {children}
    </div>
  );
}

function pointOf({ clientX, clientY }: PointerEvent): Point {
  return { x: clientX, y: clientY };
}

type Box = Rect & { readonly color: string };

function boxOf(node: FlowNode): Box {
  const { width = 0, height = 0 } = node.measured ?? {};
  return { ...node.position, width, height, color: colorOf(node) };
}

/** Its own, or that of what it makes first. */
function colorOf(node: FlowNode): string {
  if (isGroup(node)) return "var(--group)";
  const { color, outputs } = node.data.of;
  const type = outputs[0]?.type;
  return color ?? (type ? `color-mix(in oklab, ${typeColor(type)} 65%, var(--surface))` : "var(--border-strong)");
}

function seenOf({ transform: [x, y, zoom], width, height }: ReactFlowState): Rect {
  return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
}

function isSame(a: Rect, b: Rect): boolean {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}
