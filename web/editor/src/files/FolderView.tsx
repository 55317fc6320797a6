import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, type CSSProperties } from "react";
import { create } from "zustand";
import { Icon } from "../shell/icons";
import { FileView } from "./FileView";
import type { SavedFile } from "./library";
import { files as text } from "./strings";
import { rowsOf, type Row, type SortBy } from "./tree";

const FOLDER_PX = 32;
const FILE_PX = 52;

/** The folders that are closed: they stay so while the panel is. */
const useFolders = create<{ closed: ReadonlySet<string> }>()(() => ({ closed: new Set() }));

/** The library's files in their folders. Only the rows in view are drawn. */
export function FolderView({ files, query, sortBy }: { files: readonly SavedFile[]; query: string; sortBy: SortBy }) {
  const list = useRef<HTMLUListElement>(null);
  const closed = useFolders((folders) => folders.closed);
  const rows = rowsOf(files, { query, sortBy, closed });
  const shown = useVirtualizer({
    count: rows.length,
    getScrollElement: () => list.current?.closest(".panel-body") ?? null,
    scrollMargin: list.current?.offsetTop ?? 0,
    estimateSize: (index) => (rows[index]!.kind === "folder" ? FOLDER_PX : FILE_PX),
    getItemKey: (index) => rows[index]!.key,
    overscan: 12,
  });
  if (rows.length === 0) return <p className="empty">{text.nothingFound(query)}</p>;
  return (
    <ul ref={list} className="folder" aria-label={text.library} style={{ height: shown.getTotalSize() }}>
      {shown.getVirtualItems().map(({ index, key, start, size }) => {
        const row = rows[index]!;
        const place = { top: start - shown.options.scrollMargin, height: size, "--depth": row.depth } as CSSProperties;
        return (
          <li key={key} style={place} aria-level={row.depth + 1} aria-posinset={index + 1} aria-setsize={rows.length}>
            {row.kind === "file" ? <FileView file={row.file} /> : <FolderRow row={row} />}
          </li>
        );
      })}
    </ul>
  );
}

function FolderRow({ row }: { row: Row & { kind: "folder" } }) {
  return (
    <button type="button" className="list-item" aria-expanded={row.open} onClick={() => toggle(row.key)}>
      <Icon name="chevron" size={12} />
      <span className="file-name">{row.name}</span>
      <span className="file-note">{row.count}</span>
    </button>
  );
}

function toggle(folder: string): void {
  const closed = new Set(useFolders.getState().closed);
  if (!closed.delete(folder)) closed.add(folder);
  useFolders.setState({ closed });
}
