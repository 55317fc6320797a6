import { useRef, useState, type PointerEvent, type ReactNode } from "react";
import { createPortal } from "react-dom";

const AFTER_MS = 350;

/**
 * A tip beside what the pointer rests on, outside of the zoomed canvas. Nothing is drawn or listened for before that:
 * a canvas has thousands of sockets. `handlers` go to the element, `tip` anywhere among its neighbours.
 */
export function useTip(side: "left" | "right", content: () => ReactNode) {
  const [at, setAt] = useState<{ x: number; y: number } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hide = () => {
    clearTimeout(timer.current);
    setAt(null);
  };
  const handlers = {
    onPointerEnter(event: PointerEvent<HTMLElement>) {
      const box = event.currentTarget.getBoundingClientRect();
      const x = side === "left" ? box.left : box.right;
      timer.current = setTimeout(() => setAt({ x, y: box.top + box.height / 2 }), AFTER_MS);
    },
    onPointerLeave: hide,
    onPointerDown: hide,
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
