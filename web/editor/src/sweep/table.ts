import { create } from "zustand";
import { api, HttpError } from "../api/client";
import type { Job } from "../api/types";
import { SWEEP_ID } from "../graph/sweep";
import { toast } from "../shell/toast";
import { useRun, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { sweepIn, type Accounts, type Sweep } from "./results";
import { useSweepJobs } from "./run";
import { t } from "./strings";

/** The newest sweep of each tab, and the one whose table is open. */

export interface SweepRun {
  readonly jobId: string;
  readonly sweep: Sweep;
}

interface Latest extends SweepRun {
  /** As the server told it: pictures stay on their nodes while later runs go on, and are no news then. */
  readonly told: unknown;
}

interface Store {
  readonly latest: Readonly<Record<string, Latest>>;
  readonly open: SweepRun | null;
  /** How the nodes of the open one came by their results: null while that is asked, missing if it is not known any more. */
  readonly accounts?: Accounts | null;
}

export const useSweepTable = create<Store>()(() => ({ latest: {}, open: null }));

/** The newest sweep of the active tab. */
export function useLatest(): Latest | undefined {
  const tab = useWorkspace((workspace) => workspace.active);
  return useSweepTable((store) => store.latest[tab]);
}

/** Open the table of the active tab's newest sweep, and ask what ran for it. */
export async function showTable(): Promise<void> {
  const latest = useSweepTable.getState().latest[useWorkspace.getState().active];
  await (latest ? show(latest) : toast(t.table.none));
}

/** Open the table of a sweep that has ended, be it the newest or not. */
export async function showTableOf(jobId: string): Promise<void> {
  const { outputs = {} } = await api.job(jobId);
  const [sweep] = Object.values(outputs).flatMap((output) => sweepIn(output) ?? []);
  await (sweep ? show({ jobId, sweep }) : toast(t.table.noSweep));
}

/** Whether a job is a sweep, as far as a list of jobs tells. */
export function isSweep({ preview_output: preview }: Job): boolean {
  return preview?.nodeId.endsWith(SWEEP_ID) ?? false;
}

async function show(open: SweepRun): Promise<void> {
  useSweepTable.setState({ open, accounts: null });
  const accounts = await accountsOf(open.jobId);
  if (useSweepTable.getState().open !== open) return;
  useSweepTable.setState(({ latest }) => ({ latest, open, ...(accounts ? { accounts } : {}) }), true);
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
  useSweepTable.setState({ open: null });
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
