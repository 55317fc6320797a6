import { useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Zoom } from "../panels/useZoom";
import { placeOf } from "./coordinates";
import { drawPicture, drawMask, Sheet } from "./drawing";
import type { Session } from "./session";
import { useTools } from "./store";

/** The picture, and the mask over it. Only what is in view is drawn, as finely as the screen can show it. */
export function Layers({ shown, session, zoom }: { shown: ImageBitmap; session: Session; zoom: Zoom }) {
  const picture = useRef<HTMLCanvasElement>(null);
  const tint = useRef<HTMLCanvasElement>(null);
  const [sheet] = useState(() => new Sheet(session));
  const cover = useTools((tools) => tools.cover);
  const version = useSyncExternalStore(session.subscribe, session.version);
  const { view, stage } = zoom;

  useLayoutEffect(() => {
    drawPicture(picture.current!, shown, placeOf(view, stage, shown), stage);
  }, [shown, view, stage]);
  useLayoutEffect(() => {
    drawMask(tint.current!, sheet.upToDate(), placeOf(view, stage, session.mask), stage);
  }, [sheet, session, version, view, stage]);

  return (
    <>
      <canvas ref={picture} className="mask-layer" />
      <canvas ref={tint} className="mask-layer" style={{ opacity: cover }} />
    </>
  );
}
