import { useReactFlow, type Viewport } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { activeTab, useWorkspace } from "../store/workspace";

const LOADING_MS = 50;
const ORIGIN: Viewport = { x: 0, y: 0, zoom: 1 };

/** Each tab is seen as it was left; one that is opened is seen whole. What comes back keeps the view of the active tab. */
export function useViewports(): (event: unknown, viewport: Viewport) => void {
  const active = useWorkspace((workspace) => workspace.active);
  const kept = useRef(new Map<string, Viewport>());
  const { setViewport, fitView } = useReactFlow();

  useEffect(() => {
    // Fitting nothing would wait for the first node, and then move the canvas below the pointer that puts it there.
    const isEmpty = activeTab(useWorkspace.getState()).doc.order.length === 0;
    const viewport = kept.current.get(active) ?? (isEmpty ? ORIGIN : undefined);
    if (viewport) {
      void setViewport(viewport);
      return;
    }
    // Nodes have to be measured before they can be fitted.
    const timer = setTimeout(() => void fitView({ padding: 0.1, maxZoom: 1 }), LOADING_MS);
    return () => clearTimeout(timer);
  }, [active, setViewport, fitView]);

  return (_, viewport) => void kept.current.set(useWorkspace.getState().active, viewport);
}
