import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { Panel } from "../shell/Panel";
import { useJobs } from "../store/jobs";
import { keyOf, markGone, useGone } from "./gone";
import { loadPictures, shownOf, thumbnailUrl, useJobPictures } from "./job_pictures";
import { PictureMenu } from "./PictureMenu";
import { attempt } from "./run_actions";
import { t } from "./strings";
import { useWidth } from "./useSize";
import { useViewer, type Shown } from "./viewer_store";
import "./gallery.css";
import "./panels.css";

const SMALLEST_TILE_PX = 88;
const GAP_PX = 6;

/** All pictures of the history, newest first. Only the rows in view are drawn, so only their thumbnails are fetched. */
export function GalleryPanel() {
  const history = useJobs((jobs) => jobs.history);
  const isReady = useJobs((jobs) => jobs.state !== "loading");
  const loaded = useJobPictures((store) => store.loaded);
  const gone = useGone();
  const tiles = useMemo(() => shownOf(history, loaded, gone), [history, loaded, gone]);

  // A job with several pictures is listed with one: the others are asked for.
  useEffect(() => history.forEach((job) => job.previewable_outputs_count > 1 && attempt(loadPictures(job))), [history]);

  return (
    <Panel title={t.gallery.title}>
      {tiles.length > 0 && <Grid tiles={tiles} />}
      {tiles.length === 0 && isReady && <Nothing />}
    </Panel>
  );
}

function Nothing() {
  return (
    <div className="empty">
      <h3>{t.gallery.nothing}</h3>
      <p>{t.gallery.nothingHint}</p>
    </div>
  );
}

function Grid({ tiles }: { tiles: readonly Shown[] }) {
  const grid = useRef<HTMLDivElement>(null);
  const width = useWidth(grid);
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (SMALLEST_TILE_PX + GAP_PX)));
  const side = (width - GAP_PX * (columns - 1)) / columns;
  const rows = useVirtualizer({
    count: Math.ceil(tiles.length / columns),
    getScrollElement: () => grid.current?.parentElement ?? null, // the panel scrolls
    estimateSize: () => side,
    gap: GAP_PX,
    overscan: 3,
  });
  useEffect(() => rows.measure(), [rows, side]);

  return (
    <div
      className="gallery"
      ref={grid}
      role="list"
      aria-label={t.gallery.title}
      style={{ height: rows.getTotalSize() }}
    >
      {rows
        .getVirtualItems()
        .flatMap(({ index, start }) =>
          tiles
            .slice(index * columns, (index + 1) * columns)
            .map((tile, column) => (
              <Tile
                key={keyOf(tile)}
                tile={tile}
                place={{ top: start, left: column * (side + GAP_PX), width: side, height: side }}
                onOpen={() => useViewer.getState().show(tiles, index * columns + column)}
                onCompare={tiles.length > 1 ? () => compare(tiles, index * columns + column) : null}
              />
            )),
        )}
    </div>
  );
}

function compare(tiles: readonly Shown[], index: number): void {
  const { show, toggleCompare } = useViewer.getState();
  show(tiles, index);
  toggleCompare();
}

interface TileProps {
  tile: Shown;
  place: { top: number; left: number; width: number; height: number };
  onOpen(): void;
  onCompare: (() => void) | null;
}

function Tile({ tile, place, onOpen, onCompare }: TileProps) {
  return (
    <div className="tile" role="listitem" style={place}>
      <button type="button" aria-label={t.gallery.open(tile.filename)} title={tile.filename} onClick={onOpen}>
        <img src={thumbnailUrl(tile)} alt="" decoding="async" onError={() => markGone(tile)} />
      </button>
      <PictureMenu shown={tile} onCompare={onCompare} />
    </div>
  );
}
