import { useCallback, useEffect, useRef, useState, type PointerEvent, type RefObject } from "react";
import { useSize } from "./useSize";
import { fitted, moved, zoomed, type Size, type View } from "./zoom";

/** Room at the sides for the arrows, and below for the zoom. */
const MARGIN_X_PX = 56;
const MARGIN_Y_PX = 48;
/** How much a turn of the wheel by one pixel enlarges: about a tenth for a notch. */
const WHEEL = 0.001;

export interface Zoom {
  readonly view: View;
  readonly stage: Size;
  zoomBy(factor: number): void;
  fit(): void;
  /** Its own pixels. */
  actual(): void;
  /** Move it by pixels of the screen. */
  pan(dx: number, dy: number): void;
  /** From the whole picture to its own pixels and back. */
  toggle(): void;
  /** Go from the view that there is to another. */
  change(of: (view: View) => View): void;
  /** Let the pointer that was pressed carry the picture. */
  drag(event: PointerEvent<HTMLElement>): void;
}

/** Zoom and place of a picture in its stage. Until the user changes them, the whole picture is shown. */
export function useZoom(element: RefObject<HTMLElement | null>, picture: Size): Zoom {
  const stage = useSize(element);
  const [chosen, setChosen] = useState<View | null>(null);
  const room = { width: stage.width - 2 * MARGIN_X_PX, height: stage.height - 2 * MARGIN_Y_PX };
  const whole = fitted(picture, room);
  const { scale } = whole;

  const change = useCallback(
    (of: (view: View) => View) => setChosen((before) => of(before ?? { scale, x: 0, y: 0 })),
    [scale],
  );
  const zoomBy = useCallback((factor: number) => change((view) => zoomed(view, factor)), [change]);
  const fit = useCallback(() => setChosen(null), []);
  const actual = useCallback(() => setChosen({ scale: 1, x: 0, y: 0 }), []);
  const { width, height } = picture;
  const pan = useCallback(
    (dx: number, dy: number) => change((view) => moved(view, dx, dy, { width, height })),
    [change, width, height],
  );
  useWheel(element, change);
  // A picture of another size is shown whole again; one of the same size at the same place, so that they can be compared.
  // What was chosen before the first one was there stays.
  const had = useRef(0);
  useEffect(() => {
    if (had.current > 0) setChosen(null);
    had.current = width;
  }, [width, height]);

  const drag = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons === 1) pan(event.movementX, event.movementY);
  };
  const toggle = () => setChosen((before) => (before ? null : { scale: 1, x: 0, y: 0 }));
  return { view: chosen ?? whole, stage, zoomBy, fit, actual, pan, toggle, change, drag };
}

/** The wheel zooms at the pointer. React's own listener could not keep the browser from zooming the page. */
function useWheel(element: RefObject<HTMLElement | null>, change: (of: (view: View) => View) => void): void {
  useEffect(() => {
    const stage = element.current;
    if (!stage) return;
    const listen = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top, width, height } = stage.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * WHEEL);
      change((view) => zoomed(view, factor, event.clientX - left - width / 2, event.clientY - top - height / 2));
    };
    stage.addEventListener("wheel", listen, { passive: false });
    return () => stage.removeEventListener("wheel", listen);
  }, [element, change]);
}
