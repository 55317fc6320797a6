import { create } from "zustand";
import { keyOf } from "./gone";
import type { Picture } from "./pictures";

export interface Shown extends Picture {
  /** The job that made it, if that is known. */
  readonly jobId?: string;
}

export interface ViewerStore {
  readonly images: readonly Shown[];
  readonly index: number;
  /** The index of the picture that the shown one is compared with, or null. */
  readonly against: number | null;
  readonly open: boolean;
  show(images: readonly Shown[], index: number): void;
  close(): void;
  /** Go to another picture; it stops at both ends. */
  go(index: number): void;
  /** Compare with the picture before, or with the one after the first; again to stop. */
  toggleCompare(): void;
  compareWith(index: number): void;
  /** A picture is gone: the next one is shown, and after the last one nothing. */
  drop(picture: Picture): void;
}

export const useViewer = create<ViewerStore>()((set, get) => ({
  images: [],
  index: 0,
  against: null,
  open: false,
  show(images, index) {
    if (images.length > 0) set({ images, index: clamp(index, images.length), against: null, open: true });
  },
  close: () => set({ open: false, against: null }),
  go: (index) => set({ index: clamp(index, get().images.length) }),
  toggleCompare() {
    const { images, index, against } = get();
    if (against !== null || images.length < 2) set({ against: null });
    else set({ against: index > 0 ? index - 1 : 1 });
  },
  compareWith: (index) => set({ against: clamp(index, get().images.length) }),
  drop(picture) {
    const { images, index, open } = get();
    const left = images.filter((image) => keyOf(image) !== keyOf(picture));
    if (left.length === images.length) return;
    set({ images: left, index: clamp(index, left.length), against: null, open: open && left.length > 0 });
  },
}));

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index));
}
