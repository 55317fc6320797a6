import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { thumbnailUrl } from "./job_pictures";
import { t } from "./strings";
import { useViewer } from "./viewer_store";

const THUMB_PX = 56;
const GAP_PX = 6;

/** All pictures in a row: to go to one, or while comparing to pick the other. */
export function Strip() {
  const { images, index, against, go, compareWith } = useViewer();
  const strip = useRef<HTMLDivElement>(null);
  const thumbs = useVirtualizer({
    horizontal: true,
    count: images.length,
    getScrollElement: () => strip.current,
    estimateSize: () => THUMB_PX,
    gap: GAP_PX,
    overscan: 4,
  });
  useEffect(() => thumbs.scrollToIndex(index, { align: "center" }), [thumbs, index]);

  return (
    <nav className="strip" aria-label={against === null ? t.viewer.strip : t.viewer.compareHint}>
      {against !== null && <p>{t.viewer.compareHint}</p>}
      <div className="strip-scroll" ref={strip}>
        <div className="strip-row" style={{ width: thumbs.getTotalSize() }}>
          {thumbs.getVirtualItems().map(({ index: at, start }) => (
            <button
              key={at}
              type="button"
              className="strip-thumb"
              aria-label={t.viewer.position(at, images.length)}
              aria-current={at === index}
              data-against={at === against}
              style={{ left: start }}
              onClick={() => (against === null ? go(at) : compareWith(at))}
            >
              <img src={thumbnailUrl(images[at]!)} alt="" decoding="async" />
            </button>
          ))}
        </div>
      </div>
    </nav>
  );
}
