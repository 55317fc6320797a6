import { useEffect } from "react";
import { useViewer } from "./viewer_store";

/** The keys of the viewer, while it is open. */
export function useViewerKeys(zoomBy: (factor: number) => void, fit: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof HTMLInputElement && event.key.startsWith("Arrow")) return; // they move the divider
      const action = actionOf(event.key, zoomBy, fit);
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [zoomBy, fit]);
}

const ZOOM_STEP = 1.25;

function actionOf(key: string, zoomBy: (factor: number) => void, fit: () => void): (() => void) | undefined {
  const { index, images, go, toggleCompare } = useViewer.getState();
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => go(index - 1),
    ArrowRight: () => go(index + 1),
    Home: () => go(0),
    End: () => go(images.length - 1),
    "+": () => zoomBy(ZOOM_STEP),
    "=": () => zoomBy(ZOOM_STEP),
    "-": () => zoomBy(1 / ZOOM_STEP),
    "0": fit,
    c: toggleCompare,
  };
  return actions[key];
}
