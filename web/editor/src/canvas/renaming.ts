import { create } from "zustand";

/** The node, or the group (by its id on the canvas), whose title is a field now. */
export const useRenaming = create<{ readonly id: string | null }>()(() => ({ id: null }));

export function beginRename(id: string): void {
  useRenaming.setState({ id });
}

export function endRename(): void {
  useRenaming.setState({ id: null });
}

export function useIsRenamed(id: string): boolean {
  return useRenaming((store) => store.id === id);
}
