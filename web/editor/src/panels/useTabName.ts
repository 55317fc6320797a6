import { useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";

/** The name of the open tab that a job was run from, or null. */
export function useTabName(jobId: string): string | null {
  const tabId = useRun((run) => run.tabOf[jobId]);
  return useWorkspace((workspace) => workspace.tabs.find((tab) => tab.id === tabId)?.name ?? null);
}
