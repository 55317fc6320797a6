import { restoreRun } from "../api/restore";
import { useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";

/** The newest job of each tab, whose pictures it shows; also while the server is away and cannot say what they are. */
const jobs = new Map<string, string>();

/** Of the tabs that are open. */
export function lastJobs(): Record<string, string> {
  const open = useWorkspace.getState().tabs.map((tab) => tab.id);
  return Object.fromEntries(open.flatMap((tab) => (jobs.has(tab) ? [[tab, jobs.get(tab)!]] : [])));
}

export function lastJobOf(tab: string): string | undefined {
  return jobs.get(tab);
}

/** Tabs have come back: so do the pictures of these jobs. */
export function showJobs(of: Readonly<Record<string, string>>): void {
  for (const [tab, job] of Object.entries(of)) jobs.set(tab, job);
  if (useRun.getState().connection === "open") restoreAll();
}

/** Note the jobs of tabs, and show those noted when the server is there. What comes back ends it. */
export function startLastJobs(onChange: () => void): () => void {
  return useRun.subscribe(({ runs, connection }, before) => {
    if (connection === "open" && before.connection !== "open") restoreAll();
    if (runs === before.runs) return;
    const news = Object.entries(runs).filter(([tab, { jobId }]) => jobs.get(tab) !== jobId);
    for (const [tab, { jobId }] of news) jobs.set(tab, jobId);
    if (news.length > 0) onChange();
  });
}

function restoreAll(): void {
  for (const [tab, job] of Object.entries(lastJobs())) void restoreRun(tab, job);
}
