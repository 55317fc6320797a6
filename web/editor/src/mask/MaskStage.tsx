import { useEffect, useId, useRef, type RefObject } from "react";
import { ZoomButtons } from "../panels/Stage";
import { useZoom } from "../panels/useZoom";
import { Layers } from "./Layers";
import { Ring } from "./Ring";
import type { Session } from "./session";
import { stepFeather, stepSize } from "./sizes";
import { useTools } from "./store";
import { t } from "./strings";
import { useKeys, useSpace } from "./useKeys";
import { usePainting } from "./usePainting";

interface Props {
  shown: ImageBitmap;
  session: Session;
  name: string;
  dialog: RefObject<HTMLElement | null>;
}

const ZOOM_STEP = 1.25;

/** The picture, to be painted on. */
export function MaskStage({ shown, session, name, dialog }: Props) {
  const stage = useRef<HTMLDivElement>(null);
  const hint = useId();
  const zoom = useZoom(stage, shown);
  const carries = useSpace(stage);
  const { cursor, handlers } = usePainting(session, zoom, stage, carries);

  useEffect(() => stage.current?.focus(), []);
  useKeys(dialog, {
    B: () => useTools.setState({ tool: "brush" }),
    E: () => useTools.setState({ tool: "eraser" }),
    I: () => session.invert(),
    Delete: () => session.clear(),
    "Ctrl+Z": () => session.undo(),
    "Ctrl+Shift+Z": () => session.redo(),
    "Ctrl+Y": () => session.redo(),
    "[": () => stepSize(-1, shown),
    "]": () => stepSize(1, shown),
    "{": () => stepFeather(-1),
    "}": () => stepFeather(1),
    "+": () => zoom.zoomBy(ZOOM_STEP),
    "=": () => zoom.zoomBy(ZOOM_STEP),
    "-": () => zoom.zoomBy(1 / ZOOM_STEP),
    "0": zoom.fit,
  });

  return (
    <div className="mask-middle">
      <div
        ref={stage}
        className="mask-stage"
        data-carries={carries || undefined}
        role="application"
        aria-label={t.stage(name)}
        aria-describedby={hint}
        tabIndex={0} // oxlint-disable-line jsx-a11y/no-noninteractive-tabindex -- arrow keys move the brush in it
        {...handlers}
      >
        <Layers shown={shown} session={session} zoom={zoom} />
        {cursor && !carries && <Ring at={cursor} scale={zoom.view.scale} />}
        <p id={hint} className="visually-hidden">
          {t.hint} {t.stageKeys}
        </p>
      </div>
      <ZoomButtons zoom={zoom} />
    </div>
  );
}
