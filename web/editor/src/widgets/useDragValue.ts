import { useRef, useState, type PointerEvent } from "react";
import { type Exact, stepped, type Limits } from "./number";

/** Less than this is a click that trembled. */
const TREMBLE_PX = 3;
const PX_PER_STEP = 4;

interface Drag {
  readonly x: number;
  readonly from: Exact;
  readonly moved: boolean;
}

/**
 * Dragging a number sideways: Shift goes ten times as fast, Alt a quarter as fast. The document changes once, on letting
 * go, so that a drag is one step to undo. A click without a drag calls `onClick`.
 */
export function useDragValue(
  value: Exact,
  limits: Limits,
  off: boolean,
  onChange: (value: Exact) => void,
  onClick: () => void,
) {
  const drag = useRef<Drag | null>(null);
  const [dragged, setDragged] = useState<Exact | null>(null);

  const end = (keep: boolean) => {
    const moved = drag.current?.moved ?? false;
    drag.current = null;
    setDragged(null);
    if (keep && moved && dragged !== null && dragged !== value) onChange(dragged);
    return moved;
  };
  const handlers = {
    onPointerDown(event: PointerEvent<HTMLInputElement>) {
      const focused = document.activeElement === event.currentTarget;
      if (off || focused || event.button !== 0 || event.pointerType === "touch") return;
      event.preventDefault(); // else the press focuses the field and selects text
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { x: event.clientX, from: value, moved: false };
    },
    onPointerMove(event: PointerEvent<HTMLInputElement>) {
      const { current } = drag;
      if (!current) return;
      const px = event.clientX - current.x;
      if (!current.moved && Math.abs(px) < TREMBLE_PX) return;
      drag.current = { ...current, moved: true };
      const pace = event.shiftKey ? 10 : event.altKey ? 0.25 : 1;
      const steps = Math.trunc((px / PX_PER_STEP) * pace);
      setDragged(steps === 0 ? current.from : stepped(current.from, steps, limits));
    },
    onPointerUp(event: PointerEvent<HTMLInputElement>) {
      if (!drag.current) return;
      const field = event.currentTarget;
      if (end(true)) return;
      field.focus();
      onClick();
    },
    onPointerCancel: () => void end(false),
  };
  return { value: dragged ?? value, dragging: dragged !== null, handlers };
}
