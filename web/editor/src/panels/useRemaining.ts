import { useExplain, type Times } from "../store/explain";
import type { TabRun } from "../store/run";
import { remainingSeconds } from "./progress";

const UNKNOWN: Times = {};
/** Less is said not at all: it would be over before it was read. */
const SHORTEST_S = 2;

/** The seconds that the run of a tab still takes, if that can be told. */
export function useRemaining(tab: string, run: TabRun | undefined, now: number): number | null {
  const took = useExplain((store) => store.took[tab] ?? UNKNOWN);
  const left = run ? remainingSeconds(run, took, now) : null;
  return left !== null && left >= SHORTEST_S ? left : null;
}
