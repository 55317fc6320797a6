import { useEffect } from "react";
import type { Zoom } from "./useZoom";
import { deletePicture } from "./picture_actions";
import { attempt } from "./run_actions";
import { useViewer, type Shown } from "./viewer_store";

type Keys = Readonly<Record<string, () => void>>;

const ZOOM_STEP = 1.25;
const PAN_PX = 80;

/** The keys of the viewer, while it is open. */
export function useViewerKeys(zoom: Pick<Zoom, "zoomBy" | "fit" | "actual" | "pan">, shown: Shown): void {
  const { zoomBy, fit, actual, pan } = zoom;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isElsewhere(event)) return;
      const arrows = event.shiftKey ? moving(pan) : going();
      const action = { ...arrows, ...zooming(zoomBy, fit, actual), ...deleting(shown) }[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [zoomBy, fit, actual, pan, shown]);
}

/** In a question over the viewer; or on the divider, which has the arrows for itself. */
function isElsewhere({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("[role=dialog], [role=alertdialog]")?.classList.contains("viewer") === false) return true;
  return target instanceof HTMLInputElement && key.startsWith("Arrow");
}

function going(): Keys {
  const { index, images, go, toggleCompare } = useViewer.getState();
  return {
    ArrowLeft: () => go(index - 1),
    ArrowRight: () => go(index + 1),
    Home: () => go(0),
    End: () => go(images.length - 1),
    c: toggleCompare,
  };
}

function zooming(zoomBy: Zoom["zoomBy"], fit: () => void, actual: () => void): Keys {
  return {
    "+": () => zoomBy(ZOOM_STEP),
    "=": () => zoomBy(ZOOM_STEP),
    "-": () => zoomBy(1 / ZOOM_STEP),
    "0": fit,
    "1": actual,
  };
}

function deleting(shown: Shown): Keys {
  return { Delete: () => attempt(deletePicture(shown)) };
}

/** With Shift. */
function moving(pan: Zoom["pan"]): Keys {
  return {
    ArrowLeft: () => pan(PAN_PX, 0),
    ArrowRight: () => pan(-PAN_PX, 0),
    ArrowUp: () => pan(0, PAN_PX),
    ArrowDown: () => pan(0, -PAN_PX),
  };
}
