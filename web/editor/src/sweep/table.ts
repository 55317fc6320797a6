import { create } from "zustand";
import { api, HttpError } from "../api/client";
import { toast } from "../shell/toast";
import { useRun, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { sweepIn, type Accounts, type Sweep } from "./results";
import { useSweepJobs } from "./run";
import { t } from "./strings";

/** The newest sweep of each tab, and whether its table is open. */

export interface Latest {
  readonly jobId: string;
  readonly sweep: Sweep;
  /** As the server told it: pictures stay on their nodes while later runs go on, and are no news then. */
  readonly told: unknown;
}

interface Store {
  readonly latest: Readonly<Record<string, Latest>>;
  readonly open: boolean;
  /** How the nodes of the open one came by their results: null while that is asked, missing if it is not known any more. */
  readonly accounts?: Accounts | null;
}

export const useSweepTable = create<Store>()(() => ({ latest: {}, open: false }));

/** The newest sweep of the active tab. */
export function useLatest(): Latest | undefined {
  const tab = useWorkspace((workspace) => workspace.active);
  return useSweepTable((store) => store.latest[tab]);
}

/** Open the table of the active tab's newest sweep, and ask what ran for it. */
export async function showTable(): Promise<void> {
  const latest = useSweepTable.getState().latest[useWorkspace.getState().active];
  if (!latest) return toast(t.table.none);
  useSweepTable.setState({ open: true, accounts: null });
  const accounts = await accountsOf(latest.jobId);
  useSweepTable.setState(({ latest: all, open }) => ({ latest: all, open, ...(accounts ? { accounts } : {}) }), true);
}

async function accountsOf(jobId: string): Promise<Accounts | undefined> {
  try {
    return await api.explain(jobId);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return undefined; // it lies too far back
  }
}

export function closeTable(): void {
  useSweepTable.setState({ open: false });
}

/** Note the sweeps among the runs of tabs, and tell when one that was asked for is done. What comes back ends it. */
export function startSweeps(): () => void {
  return useRun.subscribe(({ runs }, before) => {
    if (runs === before.runs) return;
    for (const [tab, run] of Object.entries(runs)) {
      if (run.endedAt === undefined || run === before.runs[tab]) continue;
      if (run.nodes !== before.runs[tab]?.nodes) note(tab, run);
      if (useSweepJobs.getState().waiting.has(run.jobId)) tell(tab, run);
    }
  });
}

function note(tab: string, run: TabRun): void {
  for (const { output } of Object.values(run.nodes)) {
    const told = output?.["sweep"]?.[0];
    const sweep = told === undefined ? null : sweepIn(output);
    const { latest } = useSweepTable.getState();
    if (sweep && latest[tab]?.told !== told)
      useSweepTable.setState({ latest: { ...latest, [tab]: { jobId: run.jobId, sweep, told } } });
  }
}

function tell(tab: string, run: TabRun): void {
  useSweepJobs.setState(({ waiting }) => ({ waiting: new Set([...waiting].filter((id) => id !== run.jobId)) }));
  note(tab, run);
  const latest = useSweepTable.getState().latest[tab];
  if (run.state !== "succeeded" || !latest) return;
  const isHere = tab === useWorkspace.getState().active;
  const action = { label: t.show, run: () => void showTable() };
  toast(t.done(latest.sweep.cells.length), "ok", isHere ? action : undefined);
}
