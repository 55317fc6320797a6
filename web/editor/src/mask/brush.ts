import { clipped, FULL, type Mask, type Rect } from "./mask";

/** Where the brush is, in pixels of the picture, and how large: a pen's pressure changes that. */
export interface Dab {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export interface Brush {
  /** Which part of the radius fades out: 0 is a hard brush, 1 fades from the middle on. */
  readonly feather: number;
  readonly erases: boolean;
}

/** How much of a pixel `distance` away from the middle is covered, 0 to 1. A hard edge still fades over one pixel. */
export function coverage(distance: number, radius: number, feather: number): number {
  const fade = Math.max(1, radius * feather);
  const middle = radius * (1 - feather / 2);
  const part = Math.min(1, Math.max(0, 0.5 + (middle - distance) / fade));
  return part * part * (3 - 2 * part);
}

/** How far from the path something is changed. */
function reachOf(one: Dab, other: Dab): number {
  return Math.max(one.radius, other.radius) + 1;
}

/** The straight way from one dab to the next in pieces about as long as the brush is wide: each has a small box. */
export function* pieces(from: Dab, to: Dab): Generator<readonly [Dab, Dab]> {
  const count = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / (2 * reachOf(from, to))));
  let last = from;
  for (let at = 1; at <= count; at++) {
    const next = between(from, to, at / count);
    yield [last, next];
    last = next;
  }
}

export function between(from: Dab, to: Dab, part: number): Dab {
  const mix = (a: number, b: number) => a + (b - a) * part;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), radius: mix(from.radius, to.radius) };
}

/** What `paint` may change. */
export function boxOf(mask: Mask, from: Dab, to: Dab): Rect | null {
  const reach = reachOf(from, to);
  return clipped(
    mask,
    Math.min(from.x, to.x) - reach,
    Math.min(from.y, to.y) - reach,
    Math.max(from.x, to.x) + reach,
    Math.max(from.y, to.y) + reach,
  );
}

/**
 * Paint the straight way between two dabs into a box of the mask. The larger of what was there and what is painted
 * stays, so that going over a soft edge again leaves it soft.
 */
export function paint({ width, data }: Mask, box: Rect, from: Dab, to: Dab, { feather, erases }: Brush): void {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const grown = to.radius - from.radius;
  const squared = Math.max(dx * dx + dy * dy, Number.MIN_VALUE);
  const done = erases ? 0 : FULL;
  for (let y = box.y; y < box.y + box.height; y++) {
    const py = y + 0.5 - from.y;
    for (let x = box.x; x < box.x + box.width; x++) {
      const at = y * width + x;
      if (data[at] === done) continue; // most of what a large brush goes over, it went over before
      const px = x + 0.5 - from.x;
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
      const ax = px - along * dx;
      const ay = py - along * dy;
      const radius = from.radius + along * grown;
      const distance = ax * ax + ay * ay;
      if (distance > (radius + 1) * (radius + 1)) continue;
      const value = Math.round(FULL * coverage(Math.sqrt(distance), radius, feather));
      data[at] = erases ? Math.min(data[at]!, FULL - value) : Math.max(data[at]!, value);
    }
  }
}
