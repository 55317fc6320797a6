import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { useWire } from "../canvas/wire";

const AFTER_MS = 350;

/** What ends a tip, wherever it happens: a press, a wire that is let go, the view that moves below it. */
const ENDINGS = ["pointerdown", "pointerup", "wheel", "keydown"] as const;

interface Tip {
  readonly x: number;
  readonly y: number;
  readonly of: Element;
}

/**
 * A tip beside what the pointer rests on, outside of the zoomed canvas; none while a wire is drawn. Nothing is drawn or
 * listened for before that: a canvas has thousands of sockets. `handlers` go to the element, `tip` anywhere among its
 * neighbours.
 */
export function useTip(side: "left" | "right", content: () => ReactNode) {
  const [at, setAt] = useState<Tip | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hide = () => {
    clearTimeout(timer.current);
    setAt(null);
  };
  useEffect(() => {
    if (!at) return;
    const end = () => setAt(null);
    const moved = (event: globalThis.PointerEvent) => {
      if (!(event.target instanceof Node && at.of.contains(event.target))) end(); // it moved, not the pointer
    };
    for (const ending of ENDINGS) window.addEventListener(ending, end, { capture: true });
    window.addEventListener("pointermove", moved, { capture: true });
    return () => {
      for (const ending of ENDINGS) window.removeEventListener(ending, end, { capture: true });
      window.removeEventListener("pointermove", moved, { capture: true });
    };
  }, [at]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const handlers = {
    onPointerEnter({ currentTarget: of, pointerType }: PointerEvent<HTMLElement>) {
      if (pointerType === "touch") return; // a finger covers what it points at
      timer.current = setTimeout(() => {
        if (useWire.getState().wire !== null) return;
        const { left, right, top, height } = of.getBoundingClientRect();
        setAt({ x: side === "left" ? left : right, y: top + height / 2, of });
      }, AFTER_MS);
    },
    onPointerLeave: hide,
    onPointerDown: hide,
    onPointerUp: hide,
  };
  const tip =
    at &&
    createPortal(
      <div className="tooltip node-tip" role="tooltip" data-side={side} style={{ left: at.x, top: at.y }}>
        {content()}
      </div>,
      document.body,
    );
  return { handlers, tip };
}
