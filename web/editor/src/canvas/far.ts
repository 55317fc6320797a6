import { type ReactFlowState, useStore } from "@xyflow/react";

/**
 * How a node is drawn: `near`, with all that is in it; from afar as a box with its title, in letters that are still
 * legible (`far`, `farther`), and at last without (`farthest`). `far.css` has a size of letters for each.
 */
export type Distance = "near" | "far" | "farther" | "farthest";

/** Below these zooms, letters of 13, 30 and 56 px are less than some 6 px high on the screen. */
const FAR_ZOOM = 0.45;
const FARTHER_ZOOM = 0.22;
const FARTHEST_ZOOM = 0.12;

export function distanceAt(zoom: number): Distance {
  if (zoom >= FAR_ZOOM) return "near";
  if (zoom >= FARTHER_ZOOM) return "far";
  return zoom >= FARTHEST_ZOOM ? "farther" : "farthest";
}

const distance = ({ transform }: ReactFlowState): Distance => distanceAt(transform[2]);
const isFar = ({ transform }: ReactFlowState): boolean => transform[2] < FAR_ZOOM;

/** What reads these is drawn again when one of the limits is crossed, not while the view moves. */
export const useDistance = (): Distance => useStore(distance);
export const useIsFar = (): boolean => useStore(isFar);
