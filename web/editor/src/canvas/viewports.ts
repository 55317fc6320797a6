import { useReactFlow, useStore, type Viewport } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { create } from "zustand";
import { activeDoc, useWorkspace } from "../store/workspace";
import { placeKey } from "./flow";

const LOADING_MS = 50;
const ORIGIN: Viewport = { x: 0, y: 0, zoom: 1 };
export const WHOLE = { padding: 0.1, maxZoom: 1 };

/** Whether nobody has moved the view since the whole workflow was shown. */
export const useIsWhole = create<{ readonly isWhole: boolean }>()(() => ({ isWhole: false }));

/** What brings something into view once another level is drawn, in place of showing all of it. */
export const useWanted = create<{ readonly view: (() => void) | null }>()(() => ({ view: null }));

function setWhole(isWhole: boolean): void {
  if (useIsWhole.getState().isWhole !== isWhole) useIsWhole.setState({ isWhole });
}

/**
 * Each tab, and each level of its subgraphs, is seen as it was left; one that is opened is seen whole. Where the canvas
 * gets narrower (a panel opens), what was seen whole still is, and else the middle stays in the middle. What comes back
 * keeps the view of the active tab.
 */
export function useViewports(): (event: unknown, viewport: Viewport) => void {
  const active = useWorkspace(placeKey);
  const kept = useRef(new Map<string, Viewport>());
  const { setViewport, fitView } = useReactFlow();

  useEffect(() => {
    // Fitting nothing would wait for the first node, and then move the canvas below the pointer that puts it there.
    const isEmpty = activeDoc(useWorkspace.getState()).order.length === 0;
    const viewport = kept.current.get(active) ?? (isEmpty ? ORIGIN : undefined);
    const { view } = useWanted.getState();
    useWanted.setState({ view: null });
    setWhole(viewport === undefined && view === null);
    if (viewport) void setViewport(viewport);
    if (viewport && !view) return;
    // Nodes have to be measured before they can be fitted.
    const timer = setTimeout(view ?? (() => void fitView(WHOLE)), LOADING_MS);
    return () => clearTimeout(timer);
  }, [active, setViewport, fitView]);

  useRoom((by) => {
    if (useIsWhole.getState().isWhole) void fitView(WHOLE);
    else void setViewport(by);
  });

  return (event, viewport) => {
    if (event !== null) setWhole(false);
    kept.current.set(placeKey(useWorkspace.getState()), viewport);
  };
}

/** Tells of a canvas that has another size than before, and of the view in which its middle is what it was. */
function useRoom(changed: (middle: Viewport) => void): void {
  const { getViewport } = useReactFlow();
  const width = useStore((flow) => flow.width);
  const height = useStore((flow) => flow.height);
  const before = useRef({ width: 0, height: 0 });
  useEffect(() => {
    const { width: wide, height: high } = before.current;
    before.current = { width, height };
    if (wide === 0 || high === 0 || width === 0 || height === 0) return; // it only now appeared
    const { x, y, zoom } = getViewport();
    if (wide !== width || high !== height) changed({ x: x + (width - wide) / 2, y: y + (height - high) / 2, zoom });
  });
}
