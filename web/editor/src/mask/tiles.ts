import type { Mask, Rect } from "./mask";

/** A mask is kept in squares of this side: a stroke changes few of them. */
export const TILE = 128;

/** What a tile held; a number if it held that value everywhere, as most tiles do. */
export type Patch = Uint8Array | number;

/** The numbers of the tiles that a part of a mask touches. */
export function* tilesOf(mask: Mask, { x, y, width, height }: Rect): Generator<number> {
  const across = tilesAcross(mask);
  for (let row = Math.floor(y / TILE); row * TILE < y + height; row++) {
    for (let column = Math.floor(x / TILE); column * TILE < x + width; column++) yield row * across + column;
  }
}

export function rectOf(mask: Mask, tile: number): Rect {
  const across = tilesAcross(mask);
  const [x, y] = [(tile % across) * TILE, Math.floor(tile / across) * TILE];
  return { x, y, width: Math.min(TILE, mask.width - x), height: Math.min(TILE, mask.height - y) };
}

export function take(mask: Mask, tile: number): Patch {
  const { x, y, width, height } = rectOf(mask, tile);
  const patch = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const at = (y + row) * mask.width + x;
    patch.set(mask.data.subarray(at, at + width), row * width);
  }
  const first = patch[0]!;
  return patch.every((value) => value === first) ? first : patch;
}

export function put(mask: Mask, tile: number, patch: Patch): void {
  const { x, y, width, height } = rectOf(mask, tile);
  for (let row = 0; row < height; row++) {
    const at = (y + row) * mask.width + x;
    if (typeof patch === "number") mask.data.fill(patch, at, at + width);
    else mask.data.set(patch.subarray(row * width, (row + 1) * width), at);
  }
}

function tilesAcross({ width }: Mask): number {
  return Math.ceil(width / TILE);
}
