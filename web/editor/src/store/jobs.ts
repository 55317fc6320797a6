import { create } from "zustand";
import { api, HttpError } from "../api/client";
import { takenOut } from "../api/tracks";
import { jsonText } from "../graph/json";
import type { Job } from "../api/types";

/** The jobs of all who use this server. */
export interface JobStore {
  /** What runs and what waits, in the order in which it will run. */
  readonly queue: readonly Job[];
  /** What has ended, newest first. */
  readonly history: readonly Job[];
  readonly state: "loading" | "ready" | "failed";
}

export const useJobs = create<JobStore>()(() => ({ queue: [], history: [], state: "loading" }));

/** Of the queue and of the history, so many are asked for. */
export const LISTED = 200;
const SOON_MS = 150;

let timer: ReturnType<typeof setTimeout> | null = null;
let asking: Promise<void> | null = null;
let again = false;

/** Ask for the jobs in a moment; many calls in that time are one. */
export function refreshJobsSoon(): void {
  timer ??= setTimeout(() => {
    timer = null;
    void refreshJobs();
  }, SOON_MS);
}

/** Ask for the jobs; during a request, once more after it, since that may have been answered before the change. */
export function refreshJobs(): Promise<void> {
  if (asking) {
    again = true;
    return asking;
  }
  asking = ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(): Promise<void> {
  do {
    again = false;
    try {
      const [queue, history] = await Promise.all([
        api.jobs(["in_progress", "pending"], LISTED),
        api.jobs(["completed", "failed", "cancelled"], LISTED),
      ]);
      const { queue: queueBefore, history: historyBefore } = useJobs.getState();
      queue.sort((a, b) => Number(a.status === "pending") - Number(b.status === "pending") || a.priority - b.priority);
      useJobs.setState({ queue: kept(queueBefore, queue), history: kept(historyBefore, history), state: "ready" });
    } catch (error) {
      useJobs.setState({ state: "failed" }); // the socket comes back when the server does, and asks again
      if (!(error instanceof HttpError)) throw error;
    }
  } while (again);
}

/** The new list, with the old objects of what has not changed, so that no row is drawn again for nothing. */
function kept(before: readonly Job[], now: readonly Job[]): readonly Job[] {
  const known = new Map(before.map((job) => [job.id, job]));
  return now.map((job) => {
    const old = known.get(job.id);
    return old && jsonText(old) === jsonText(job) ? old : job;
  });
}

/** Stop a job, or take it out of the queue. */
export async function cancelJob(id: string): Promise<void> {
  if (await api.cancel(id)) takenOut([id]);
  await refreshJobs();
}

/** Take all that waits out of the queue; what runs goes on. */
export async function clearQueue(): Promise<void> {
  await api.clearQueue();
  takenOut();
  await refreshJobs();
}

/** Forget what has ended; the pictures stay. */
export async function clearHistory(): Promise<void> {
  await api.clearHistory();
  await refreshJobs();
}

/** Forget one job that has ended. */
export async function forgetJob(id: string): Promise<void> {
  await api.forget([id]);
  await refreshJobs();
}
