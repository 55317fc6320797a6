import { create } from "zustand";
import { useRun, type NodeRun } from "../store/run";

/** Whether nodes are tinted by the time they took in the newest run of their tab. */
export const useHeat = create<{ readonly on: boolean; toggle(): void }>()((set, get) => ({
  on: false,
  toggle: () => set({ on: !get().on }),
}));

/** How hot a node is, 0 to 1: the root of its share of the longest time, so that short times can still be told apart. */
export function heatOf(seconds: number, max: number): number {
  if (!(seconds > 0) || !(max > 0)) return 0;
  return Math.sqrt(Math.min(1, seconds / max));
}

type NodeRuns = Readonly<Record<string, NodeRun>>;

/** Every node asks for the longest time of the same run: it is counted once for each state of that run. */
const longest = new WeakMap<NodeRuns, number>();

export function longestSeconds(nodes: NodeRuns): number {
  const known = longest.get(nodes);
  if (known !== undefined) return known;
  const max = Object.values(nodes).reduce((most, node) => Math.max(most, node.seconds ?? 0), 0);
  longest.set(nodes, max);
  return max;
}

/** The heat of a node of a tab, or null if the heat map is off or the node did not run. */
export function useNodeHeat(tab: string, node: string): number | null {
  const on = useHeat((heat) => heat.on);
  return useRun((run) => {
    const nodes = on ? run.runs[tab]?.nodes : undefined;
    const seconds = nodes?.[node]?.seconds;
    return nodes && seconds !== undefined ? heatOf(seconds, longestSeconds(nodes)) : null;
  });
}
