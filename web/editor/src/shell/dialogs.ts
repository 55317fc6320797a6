import { create } from "zustand";

/** The dialogs of the shell: one at a time. */
export type DialogName = "palette" | "settings" | "shortcuts";

export const useDialogs = create<{ open: DialogName | null }>()(() => ({ open: null }));

export function showDialog(open: DialogName | null): void {
  useDialogs.setState({ open });
}

/** Whether this dialog is open, and what Radix calls when that changes. */
export function useDialog(name: DialogName): { open: boolean; onOpenChange: (open: boolean) => void } {
  const open = useDialogs((store) => store.open === name);
  return { open, onOpenChange: (next) => showDialog(next ? name : null) };
}
