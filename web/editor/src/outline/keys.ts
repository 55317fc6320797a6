import type { Row } from "./rows";

/** Where a key leads in the tree, as the pattern for trees has it (WAI-ARIA Authoring Practices, "Tree View"). */

export type Move = { readonly to: number } | { readonly toggle: string };

/** Null if the key means nothing there. */
export function moveBy(rows: readonly Row[], at: number, key: string, page: number): Move | null {
  const row = rows[at];
  if (!row) return null;
  switch (key) {
    case "ArrowDown":
      return within(rows, at + 1);
    case "ArrowUp":
      return within(rows, at - 1);
    case "PageDown":
      return within(rows, at + page);
    case "PageUp":
      return within(rows, at - page);
    case "Home":
      return { to: 0 };
    case "End":
      return { to: rows.length - 1 };
    case "ArrowRight":
      return row.open === undefined ? null : row.open ? within(rows, at + 1) : { toggle: row.key };
    case "ArrowLeft":
      return row.open ? { toggle: row.key } : { to: parentOf(rows, at) };
    default:
      return null;
  }
}

function within(rows: readonly Row[], at: number): Move {
  return { to: Math.max(0, Math.min(rows.length - 1, at)) };
}

/** The line that a line is below; itself at the top level. */
export function parentOf(rows: readonly Row[], at: number): number {
  const { level } = rows[at]!;
  const above = rows.slice(0, at).findLastIndex((row) => row.level < level);
  return above < 0 ? at : above;
}

/**
 * The line whose name begins with what was typed, from the next one on and round; with several letters typed, the line
 * itself may stay. The same letter again and again goes through all that begin with it. -1 if there is none.
 */
export function typedTo(rows: readonly Row[], at: number, typed: string): number {
  const letters = typed.toLowerCase();
  const isOneLetter = [...letters].every((letter) => letter === letters[0]);
  const wanted = isOneLetter ? letters[0]! : letters;
  const first = isOneLetter ? at + 1 : at;
  for (let step = 0; step < rows.length; step += 1) {
    const index = (first + step) % rows.length;
    if (rows[index]!.name.toLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}
