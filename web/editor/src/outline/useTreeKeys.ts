import { useRef, type KeyboardEvent } from "react";
import { focusNode } from "../canvas/focus";
import { connectLine, enterLine, removeLine, toggleSelected } from "./actions";
import { moveBy, typedTo } from "./keys";
import type { Row } from "./rows";
import { editLine, goToLine, toggleLine } from "./store";

/** Letters within this time are one word. */
const TYPING_MS = 700;
const PAGE_LINES = 12;

/** What keys do while a line has the focus. Other combinations stay the page's: Ctrl+Enter runs, Shift+A adds a node. */
export function useTreeKeys(rows: readonly Row[], at: number): (event: KeyboardEvent) => void {
  const typing = useRef({ text: "", until: 0 });
  return (event) => {
    if (!(event.target instanceof Element) || event.target.getAttribute("role") !== "treeitem") return; // in a field
    if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key !== "Enter")) return;
    if (
      (!isWithinName(rows, at, event.key, typing.current) && press(rows, at, event)) ||
      type(rows, at, event.key, typing.current)
    )
      event.preventDefault();
  };
}

/** Whether a space goes on with what was typed, as some names have several words. */
function isWithinName(rows: readonly Row[], at: number, key: string, typing: { text: string; until: number }): boolean {
  return key === " " && Date.now() < typing.until && typedTo(rows, at, `${typing.text} `) >= 0;
}

/** Whether the key means something in the tree. */
function press(rows: readonly Row[], at: number, { key, shiftKey }: KeyboardEvent): boolean {
  const row = rows[at]!;
  const move = moveBy(rows, at, key, PAGE_LINES);
  if (move) {
    if ("to" in move) goToLine(rows[move.to]!.key, move.to);
    else toggleLine(move.toggle);
    return true;
  }
  const does: Readonly<Record<string, () => void>> = {
    Enter: () => (shiftKey ? connectLine(row) : enterLine(row)),
    Delete: () => removeThere(rows, at),
    Backspace: () => removeThere(rows, at),
    " ": () => toggleSelected(row),
    "*": () => openAll(rows),
    F2: () => row.kind === "node" && editLine(row.key),
    Escape: () => focusNode(row.node),
    ArrowRight: () => {}, // nothing is below, and the page must not scroll
  };
  does[key]?.();
  return key in does;
}

/** The focus stays at its place, where the next line is then. */
function removeThere(rows: readonly Row[], at: number): void {
  const row = rows[at]!;
  goToLine(row.key, at);
  removeLine(row);
}

function openAll(rows: readonly Row[]): void {
  for (const row of rows) if (row.kind === "node" && row.open === false) toggleLine(row.key);
}

function type(rows: readonly Row[], at: number, key: string, typing: { text: string; until: number }): boolean {
  if (!/^[\p{L}\p{N}_ ]$/u.test(key)) return false;
  const now = Date.now();
  typing.text = now < typing.until ? typing.text + key : key;
  typing.until = now + TYPING_MS;
  const found = typedTo(rows, at, typing.text);
  if (found >= 0) goToLine(rows[found]!.key, found);
  return true;
}
