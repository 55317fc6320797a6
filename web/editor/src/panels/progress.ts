import type { Times } from "../store/explain";
import type { TabRun } from "../store/run";

/**
 * How far a run is, 0 to 1: by the steps of the node at work, where it tells of any, for those take the time; else by how
 * many nodes have ended.
 */
export function progressOf(run: TabRun | undefined): number {
  const nodes = Object.values(run?.nodes ?? {});
  const atWork = nodeAtWork(run);
  const { value = 0, max = 0 } = (atWork === null ? undefined : run?.nodes[atWork]) ?? {};
  if (max > 0) return Math.min(1, value / max);
  const ended = nodes.filter(({ state }) => state !== "waiting" && state !== "running");
  return nodes.length === 0 ? 0 : ended.length / nodes.length;
}

/** The node that is at work, the one that reports progress before others. */
export function nodeAtWork(run: TabRun | undefined): string | null {
  const running = Object.entries(run?.nodes ?? {}).filter(([, node]) => node.state === "running");
  return (running.find(([, node]) => node.max !== undefined) ?? running[0])?.[0] ?? null;
}

/** The newest picture of unfinished work. */
export function previewOf(run: TabRun | undefined): string | null {
  const atWork = nodeAtWork(run);
  return (atWork === null ? undefined : run?.nodes[atWork]?.preview) ?? null;
}

/**
 * The seconds that a run is still going to take: the node at work by its pace, or by what it took before; those that wait
 * by what they took before. Null if nothing can be told of the node at work.
 */
export function remainingSeconds(run: TabRun, took: Times, now: number): number | null {
  const atWork = nodeAtWork(run);
  const node = atWork === null ? undefined : run.nodes[atWork];
  if (atWork === null || node?.since === undefined) return null;
  const spent = (now - node.since) / 1000;
  const whole = node.value && node.max ? (spent * node.max) / node.value : took[atWork];
  if (whole === undefined) return null;
  const waiting = Object.entries(run.nodes).filter(([, { state }]) => state === "waiting");
  return Math.max(0, whole - spent) + waiting.reduce((sum, [id]) => sum + (took[id] ?? 0), 0);
}

/** Whether a run had nothing to do: people wonder why it was over at once. */
export function isAllRemembered(run: TabRun): boolean {
  return run.state === "succeeded" && Object.values(run.nodes).every((node) => node.state === "cached");
}

/** What a run took; null if that is not known. */
export function secondsOf({ startedAt, endedAt }: TabRun): number | null {
  return startedAt && endedAt ? (endedAt - startedAt) / 1000 : null;
}
