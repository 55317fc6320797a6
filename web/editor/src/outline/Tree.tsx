import * as ContextMenu from "@radix-ui/react-context-menu";
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import { CanvasMenu } from "../canvas/CanvasMenu";
import { selectTarget } from "../canvas/target";
import { useWorkspace } from "../store/workspace";
import { Line } from "./Line";
import { nodeKey, type Row } from "./rows";
import { useOutline } from "./store";
import { t } from "./strings";
import { useTreeKeys } from "./useTreeKeys";

const LINE_PX = 28;
/** By then a dialog that a menu's entry opened has the focus. */
const CLOSING_MS = 100;

/** The lines in view, and the active one wherever it is: it is the one that Tab leads to. */
export function Tree({ tab, prefix, rows }: { tab: string; prefix: string; rows: readonly Row[] }) {
  const tree = useRef<HTMLDivElement>(null);
  const at = useActive(rows);
  const active = rows[at]!;
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => tree.current?.parentElement ?? null, // the panel scrolls
    getItemKey: (index) => rows[index]!.key,
    estimateSize: () => LINE_PX,
    scrollMargin: tree.current?.offsetTop ?? 0,
    overscan: 8,
    rangeExtractor: (range) => [...new Set([...defaultRangeExtractor(range), at])].toSorted((a, b) => a - b),
  });
  const onKeyDown = useTreeKeys(rows, at);
  useFollowing(rows);

  useFocusWanted(tree, () => lines.scrollToIndex(at, { align: "auto" }));

  return (
    <ContextMenu.Root
      modal={false}
      onOpenChange={(isOpen) =>
        isOpen ? selectTarget({ kind: "node", id: active.node }) : setTimeout(comeBack, CLOSING_MS)
      }
    >
      <ContextMenu.Trigger asChild>
        <div
          ref={tree}
          className="outline"
          role="tree"
          tabIndex={-1}
          aria-label={t.tree}
          aria-multiselectable="true"
          style={{ height: lines.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {lines.getVirtualItems().map(({ index, key, start }) => (
            <Line
              key={key}
              tab={tab}
              prefix={prefix}
              row={rows[index]!}
              at={index}
              active={index === at}
              top={start - lines.options.scrollMargin}
              measure={lines.measureElement}
            />
          ))}
        </div>
      </ContextMenu.Trigger>
      <CanvasMenu target={{ kind: "node", id: active.node }} at={{ x: 0, y: 0 }} />
    </ContextMenu.Root>
  );
}

/** A menu gives the focus back to its line; if its entry removed that, another line gets it. */
function comeBack(): void {
  if (document.activeElement === document.body) useOutline.setState({ wanted: true });
}

/** Give the active line the focus if that is wanted, as soon as it is drawn: at first no line is. */
function useFocusWanted(tree: RefObject<HTMLElement | null>, scroll: () => void): void {
  const wanted = useOutline((outline) => outline.wanted);
  useLayoutEffect(() => {
    const line = wanted && tree.current?.querySelector<HTMLElement>("[role=treeitem][tabindex='0']");
    if (!line) return;
    scroll();
    line.focus({ preventScroll: true });
    useOutline.setState({ wanted: false });
  });
}

/** The place of the active line; if that is gone, of the one that is in its place. */
function useActive(rows: readonly Row[]): number {
  const { key, at } = useOutline((outline) => outline.active);
  const found = rows.findIndex((row) => row.key === key);
  return found >= 0 ? found : Math.max(0, Math.min(at, rows.length - 1));
}

/** What is selected on the canvas becomes the active line, so that one goes on there; the focus stays where it is. */
function useFollowing(rows: readonly Row[]): void {
  const selected = useWorkspace(({ selection }) => (selection.nodes.length === 1 ? selection.nodes[0]! : null));
  const newest = useRef(rows);
  useLayoutEffect(() => {
    newest.current = rows;
  });
  useEffect(() => {
    const { active } = useOutline.getState();
    const isThere = newest.current.find(({ key }) => key === active.key)?.node === selected;
    if (selected === null || isThere) return;
    const at = newest.current.findIndex(({ key }) => key === nodeKey(selected));
    if (at >= 0) useOutline.setState({ active: { key: nodeKey(selected), at } });
  }, [selected]);
}
