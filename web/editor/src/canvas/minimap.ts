import type { Rect } from "@xyflow/react";

/** What a map shows, in pixels at zoom 1, and how many of them one of its own is. */
export interface MapView {
  readonly box: Rect;
  readonly scale: number;
}

export function union(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** The box that holds all; null for none. */
export function boundsOf(boxes: readonly Rect[]): Rect | null {
  return boxes.length === 0 ? null : boxes.reduce(union);
}

/** All of what is there and of what is seen, in the middle of a map of this size, with some room around. */
export function mapOf(all: Rect, seen: Rect, width: number, height: number, room: number): MapView {
  const shown = union(all, seen);
  const scale = Math.max(shown.width / (width - 2 * room), shown.height / (height - 2 * room));
  const [w, h] = [width * scale, height * scale];
  return {
    box: { x: shown.x + (shown.width - w) / 2, y: shown.y + (shown.height - h) / 2, width: w, height: h },
    scale,
  };
}

/** Boxes as one path for each of their colours. */
export function pathsOf(boxes: readonly (Rect & { readonly color: string })[]): [color: string, path: string][] {
  const paths = new Map<string, string[]>();
  for (const { x, y, width, height, color } of boxes) {
    const path = `M${x} ${y}h${width}v${height}h${-width}z`;
    const others = paths.get(color);
    if (others) others.push(path);
    else paths.set(color, [path]);
  }
  return [...paths].map(([color, parts]) => [color, parts.join("")]);
}
