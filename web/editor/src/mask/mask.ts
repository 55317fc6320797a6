/** What is selected of a picture, pixel by pixel: 0 is kept as it is, 255 is masked. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A part of a mask, in whole pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const FULL = 255;

export function emptyMask(width: number, height: number): Mask {
  return { width, height, data: new Uint8Array(width * height) };
}

export function wholeOf({ width, height }: Mask): Rect {
  return { x: 0, y: 0, width, height };
}

/** The whole pixels between two corners, as far as they lie in the mask; null if none do. */
export function clipped(mask: Mask, left: number, top: number, right: number, bottom: number): Rect | null {
  const [x, y] = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top))];
  const width = Math.min(mask.width, Math.ceil(right)) - x;
  const height = Math.min(mask.height, Math.ceil(bottom)) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The smallest part that holds both. */
export function union(one: Rect | null, other: Rect | null): Rect | null {
  if (!one || !other) return one ?? other;
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  const right = Math.max(one.x + one.width, other.x + other.width);
  const bottom = Math.max(one.y + one.height, other.y + other.height);
  return { x, y, width: right - x, height: bottom - y };
}

export function invert({ data }: Mask): void {
  for (let at = 0; at < data.length; at++) data[at] = FULL - data[at]!;
}
