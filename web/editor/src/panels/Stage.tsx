import { useRef, useState } from "react";
import { api } from "../api/client";
import { Icon } from "../shell/icons";
import { t } from "./strings";
import { useZoom, type Zoom } from "./useZoom";
import { useViewerKeys } from "./viewer_keys";
import { useViewer, type Shown } from "./viewer_store";
import type { Size } from "./zoom";

/** From this scale on it is the pixels that one wants to see. */
const PIXELS_FROM = 8;
const NO_SIZE: Size = { width: 0, height: 0 };

interface Props {
  shown: Shown;
  other: Shown | undefined;
  size: Size | null;
  onSize(size: Size | null): void;
}

/** The picture, to be zoomed by the wheel and moved by dragging; with `other`, both with a divider to drag. */
export function Stage({ shown, other, size, onSize }: Props) {
  const stage = useRef<HTMLDivElement>(null);
  const zoom = useZoom(stage, size ?? NO_SIZE);
  useViewerKeys(zoom, shown);
  const [divider, setDivider] = useState(50);
  const [missing, setMissing] = useState<string | null>(null);
  const url = api.viewUrl(shown);

  return (
    <div className="stage" ref={stage} onDoubleClick={zoom.toggle} onPointerMove={other ? undefined : zoom.drag}>
      <div
        className="stage-picture"
        data-pixels={zoom.view.scale >= PIXELS_FROM}
        style={placeOf(zoom, size ?? NO_SIZE)}
      >
        {other && <img src={api.viewUrl(other)} alt={other.filename} draggable={false} />}
        <img
          src={url}
          alt={shown.filename}
          draggable={false}
          style={other ? { clipPath: `inset(0 0 0 ${divider}%)` } : undefined}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
            setMissing(null);
            onSize({ width, height });
          }}
          onError={() => setMissing(url)}
        />
        {other && <Divider at={divider} onMove={setDivider} />}
      </div>
      {missing === url && <p className="stage-missing">{t.viewer.missing}</p>}
      {other && <Names left={other} right={shown} />}
      <Arrows />
      <ZoomButtons zoom={zoom} />
    </div>
  );
}

function placeOf({ view, stage }: Zoom, size: Size): { left: number; top: number; width: number; height: number } {
  const width = size.width * view.scale;
  const height = size.height * view.scale;
  return { left: stage.width / 2 + view.x - width / 2, top: stage.height / 2 + view.y - height / 2, width, height };
}

/** A range over the whole picture: it can be dragged anywhere, and moved by the arrow keys. */
function Divider({ at, onMove }: { at: number; onMove(at: number): void }) {
  return (
    <>
      <input
        type="range"
        className="divider-range"
        aria-label={t.viewer.divider}
        min={0}
        max={100}
        step={0.1}
        value={at}
        onChange={(event) => onMove(Number(event.target.value))}
        onDoubleClick={(event) => event.stopPropagation()}
      />
      <span className="divider" style={{ left: `${at}%` }} aria-hidden="true" />
    </>
  );
}

function Names({ left, right }: { left: Shown; right: Shown }) {
  return (
    <>
      <span className="stage-name left">{left.filename}</span>
      <span className="stage-name right">{right.filename}</span>
    </>
  );
}

function Arrows() {
  const { index, images, go } = useViewer();
  if (images.length < 2) return null;
  return (
    <>
      <button
        type="button"
        className="stage-arrow previous"
        aria-label={t.viewer.previous}
        disabled={index === 0}
        onClick={() => go(index - 1)}
      >
        <Icon name="chevron" size={20} />
      </button>
      <button
        type="button"
        className="stage-arrow next"
        aria-label={t.viewer.next}
        disabled={index === images.length - 1}
        onClick={() => go(index + 1)}
      >
        <Icon name="chevron" size={20} />
      </button>
    </>
  );
}

/** Smaller, larger, all of it; at the lower edge of a stage. */
export function ZoomButtons({ zoom }: { zoom: Zoom }) {
  return (
    <div className="stage-zoom" onDoubleClick={(event) => event.stopPropagation()}>
      <button type="button" className="icon-btn small" aria-label={t.viewer.zoomOut} onClick={() => zoom.zoomBy(0.8)}>
        <span aria-hidden="true">−</span>
      </button>
      <output aria-label={t.viewer.zoom}>{t.viewer.percent(zoom.view.scale)}</output>
      <button type="button" className="icon-btn small" aria-label={t.viewer.zoomIn} onClick={() => zoom.zoomBy(1.25)}>
        <span aria-hidden="true">+</span>
      </button>
      <button type="button" className="stage-fit" title={`${t.viewer.fit} (0)`} onClick={zoom.fit}>
        {t.viewer.fit}
      </button>
      <button type="button" className="stage-fit" title={`${t.viewer.actualHint} (1)`} onClick={zoom.actual}>
        {t.viewer.actual}
      </button>
    </div>
  );
}
