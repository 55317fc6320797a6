import { useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { shareUnderWay } from "./announce";
import { t } from "./strings";

/** How far the run under way is, as a percentage in front of a title; empty if nothing runs. */
export function usePercentDone(): string {
  const active = useWorkspace((workspace) => workspace.active);
  return useRun((run) => {
    const share = shareUnderWay(run, active);
    return share === null ? "" : `${t.run.percentDone(share)} `;
  });
}
