import { type ReactFlowState, useStoreApi } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";
import { isCollapsed } from "../canvas/geometry";
import type { DocNode } from "../graph/types";
import { usePlace } from "./slices";

type Store = ReturnType<typeof useStoreApi>;
type Updates = Parameters<ReactFlowState["updateNodeInternals"]>[0];

let waiting: Updates = new Map();

/** Have React Flow see anew where a node's sockets are: with the next frame, once for all that ask until then. */
function remeasure(store: Store, id: string, inside: Element): void {
  const nodeElement = inside.closest<HTMLDivElement>(".react-flow__node");
  if (!nodeElement) return;
  if (waiting.size === 0) {
    requestAnimationFrame(() => {
      const updates = waiting;
      waiting = new Map();
      store.getState().updateNodeInternals(updates, { triggerFitView: false });
    });
  }
  waiting.set(id, { id, nodeElement, force: true });
}

/** Wires follow their sockets when this element comes, changes its text or goes. */
export function useRemeasuring(element: RefObject<Element | null>, text: string): void {
  const { id } = usePlace();
  const store = useStoreApi();
  useEffect(() => {
    const node = element.current?.closest(".react-flow__node");
    if (!node) return;
    remeasure(store, id, node);
    return () => remeasure(store, id, node);
  }, [element, id, store, text]);
}

/** Wires follow their sockets when this element grows inside of a node that does not. */
export function useMovesSockets(element: RefObject<Element | null>, active: boolean): void {
  const { id } = usePlace();
  const store = useStoreApi();
  useEffect(() => {
    const inside = element.current;
    if (!active || !inside) return;
    const observer = new ResizeObserver(() => remeasure(store, id, inside));
    observer.observe(inside);
    return () => observer.disconnect();
  }, [active, element, id, store]);
}

/** Wires follow their sockets when the node is another, or has others. How it is at first, React Flow sees itself. */
export function useMeasured(element: RefObject<Element | null>, node: DocNode): void {
  const { id, tab } = usePlace();
  const store = useStoreApi();
  const isFirst = useRef(true);
  const folded = isCollapsed(node);
  useEffect(() => {
    if (!isFirst.current && element.current) remeasure(store, id, element.current);
    isFirst.current = false;
  }, [element, folded, id, node.inputs, node.outputs, node.size, store, tab]);
}
