import { create } from "zustand";
import { persist } from "zustand/middleware";
import { useRun } from "../store/run";

/** Whether this browser's user still has to be told how to begin. */
export const useWelcome = create<{ readonly done: boolean }>()(
  persist(() => ({ done: false }) as { readonly done: boolean }, { name: "wireloom.welcome", version: 1 }),
);

export function endWelcome(): void {
  useWelcome.setState({ done: true });
}

/** Who has run a workflow knows how. What comes back ends the watch. */
export function startWelcome(): () => void {
  return useRun.subscribe(({ runs }) => {
    if (!useWelcome.getState().done && Object.keys(runs).length > 0) endWelcome();
  });
}
