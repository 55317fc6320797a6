import { HttpError } from "../api/client";
import { useRun } from "../store/run";

/** What was to be saved while the server was away, by tab: the newest of each. */
const waiting = new Map<string, () => Promise<unknown>>();

/** Do it as soon as the server is there again. */
export function onceBack(tab: string, task: () => Promise<unknown>): void {
  waiting.set(tab, task);
}

/** It is done, or not wanted any more. */
export function notOnceBack(tab: string): void {
  waiting.delete(tab);
}

/** Whether an error is about the server being away, not about what it was asked. */
export function isAway(error: unknown): boolean {
  return error instanceof HttpError && (error.status === 0 || (error.status >= 502 && error.status <= 504));
}

/** Whenever the server is back, do what waits. What comes back ends it. */
export function startRetrying(): () => void {
  return useRun.subscribe(({ connection }, before) => {
    if (connection === "open" && before.connection !== "open") void retry();
  });
}

async function retry(): Promise<void> {
  const tasks = [...waiting.values()];
  waiting.clear();
  for (const task of tasks) await task(); // one after the other: each may have something to ask
}
