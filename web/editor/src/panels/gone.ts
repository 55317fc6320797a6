import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Picture } from "./pictures";

export interface Gone {
  /** By picture, when that was seen, in milliseconds. */
  readonly since: Readonly<Record<string, number>>;
}

/** Pictures that are no longer there: deleted here, or not found. Jobs still name them, so the browser remembers it. */
export const useGone = create<Gone>()(persist((): Gone => ({ since: {} }), { name: "wireloom.gone", version: 1 }));

const MOST = 500;

export function keyOf({ type, subfolder, filename }: Picture): string {
  return `${type}/${subfolder}/${filename}`;
}

export function markGone(picture: Picture): void {
  useGone.setState(({ since: { [keyOf(picture)]: _, ...others } }) => ({
    since: Object.fromEntries([...Object.entries(others), [keyOf(picture), Date.now()]].slice(-MOST)),
  }));
}

/** Whether a picture that was made at that time is gone. A name becomes free again, and a later picture may have it. */
export function isGone({ since }: Gone, picture: Picture, madeAt: number | undefined): boolean {
  const at = since[keyOf(picture)];
  return at !== undefined && !(madeAt !== undefined && madeAt > at);
}
