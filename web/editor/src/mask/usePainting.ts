import { useRef, useState, type KeyboardEvent, type PointerEvent, type RefObject } from "react";
import { moved } from "../panels/zoom";
import type { Zoom } from "../panels/useZoom";
import type { Brush, Dab } from "./brush";
import { inPicture, pinched, type Point } from "./coordinates";
import type { Session } from "./session";
import { useTools } from "./store";

const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;
const PEN_ERASER = 5;
/** A pen that is hardly pressed still paints with this part of the brush. */
const LIGHTEST = 0.25;
const ARROW_PX = 16;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What pointers and keys do on the stage: paint, move the picture, or, with two fingers, zoom it. */
export function usePainting(session: Session, zoom: Zoom, stage: RefObject<HTMLElement | null>, carries: boolean) {
  /** Where the brush is, in the stage; null if it is elsewhere. */
  const [cursor, setCursor] = useState<Point | null>(null);
  const held = useRef<{ does: "paint" | "carry" | "pinch" | null; points: Map<number, Point> }>({
    does: null,
    points: new Map(),
  });

  const pointOf = (event: { clientX: number; clientY: number }): Point => {
    const { left, top } = stage.current!.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const dabAt = (point: Point, pressure = 1): Dab => ({
    ...inPicture(point, zoom.view, zoom.stage, session.mask),
    radius: (useTools.getState().size / 2) * pressure,
  });
  const dabOf = (event: globalThis.PointerEvent): Dab => dabAt(pointOf(event), pressureOf(event));

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    const { points } = held.current;
    event.currentTarget.focus();
    event.currentTarget.setPointerCapture(event.pointerId);
    points.set(event.pointerId, pointOf(event));
    if (points.size > 1) {
      session.cancel(); // the first finger did not mean to paint
      held.current.does = "pinch";
    } else if (event.button === MIDDLE || carries) held.current.does = "carry";
    else if ([LEFT, RIGHT, PEN_ERASER].includes(event.button)) {
      held.current.does = "paint";
      session.begin(dabOf(event.nativeEvent), brushFor(event.button), event.shiftKey);
    }
  };

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const { does, points } = held.current;
    const [before, after] = [points.get(event.pointerId), pointOf(event)];
    setCursor(after);
    if (!before) return;
    if (does === "paint") reported(event.nativeEvent).forEach((each) => session.move(dabOf(each)));
    if (does === "carry") zoom.change((view) => moved(view, after.x - before.x, after.y - before.y, session.mask));
    const [, other] = [...points].find(([id]) => id !== event.pointerId) ?? [];
    if (does === "pinch" && other) zoom.change((view) => pinched(view, other, before, after, zoom.stage, session.mask));
    points.set(event.pointerId, after);
  };

  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    const { does, points } = held.current;
    if (!points.delete(event.pointerId)) return;
    if (does === "paint") session.end();
    if (points.size === 0) held.current.does = null;
    if (event.pointerType === "touch") setCursor(null);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor ?? { x: zoom.stage.width / 2, y: zoom.stage.height / 2 };
    const arrow = ARROWS[event.key];
    if (arrow) {
      event.preventDefault();
      const step = event.shiftKey ? 1 : ARROW_PX;
      setCursor({ x: at.x + arrow[0] * step, y: at.y + arrow[1] * step });
    } else if (event.key === "Enter") {
      setCursor(at);
      session.begin(dabAt(at), brushFor(LEFT), event.shiftKey);
      session.end();
    }
  };

  return {
    cursor,
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp,
      onPointerCancel: onPointerUp,
      onPointerLeave: () => setCursor(null),
      onContextMenu: (event: { preventDefault(): void }) => event.preventDefault(),
      onKeyDown,
    },
  };
}

/** All places where the pointer was since the last event: browsers hand out one event a frame. */
function reported(event: globalThis.PointerEvent): readonly globalThis.PointerEvent[] {
  const all = event.getCoalescedEvents?.() ?? [];
  return all.length > 0 ? all : [event];
}

function pressureOf({ pointerType, pressure }: globalThis.PointerEvent): number {
  return pointerType === "pen" && pressure > 0 ? LIGHTEST + (1 - LIGHTEST) * pressure : 1;
}

function brushFor(button: number): Brush {
  const { tool, feather } = useTools.getState();
  return { feather, erases: tool === "eraser" || button === RIGHT || button === PEN_ERASER };
}
