import { create } from "zustand";
import { api, HttpError } from "../api/client";
import { trackOf } from "../api/tracks";
import { runKey } from "../graph/computation";
import type { Doc } from "../graph/types";
import { cancelJob } from "../store/jobs";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace, type Tab } from "../store/workspace";

/**
 * Running by itself whenever the active workflow would give something else. Seeds stay as they are: one wants to see what
 * the change did, and a seed that moves on would be a step of its own to undo.
 */
export interface AutoRun {
  readonly on: boolean;
  /** Whether something was changed, and a pause in editing is waited for. */
  readonly soon: boolean;
}

export const useAutoRun = create<AutoRun>()(() => ({ on: false, soon: false }));

export const PAUSE_MS = 700;

/** What the active tab would compute, as it was when that was queued last, or the tab was come to. */
let known = { tab: "", key: "" };
/** The job that was queued last by itself. */
let queued: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
/** What is being asked of the server: one thing after the other. */
let turn: Promise<void> = Promise.resolve();

export function setAutoRun(on: boolean): void {
  watch(activeTab(useWorkspace.getState()));
  useAutoRun.setState({ on });
}

/** A tab's document was queued as it is now: that needs no other run. */
export function isQueued(tab: string, doc: Doc): void {
  if (useAutoRun.getState().on && activeTab(useWorkspace.getState()).id === tab) known = { tab, key: keyOf(doc) };
}

/** Watch what is edited. Return what stops that. */
export function startAutoRun(onTrouble: (error: unknown) => void): () => void {
  const unsubscribe = useWorkspace.subscribe((workspace, before) => {
    if (!useAutoRun.getState().on) return;
    const [tab, last] = [activeTab(workspace), activeTab(before)];
    if (tab.id !== known.tab) {
      watch(tab);
    } else if (tab.doc !== last.doc) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        turn = turn.then(runIfChanged).catch(onTrouble);
      }, PAUSE_MS);
      const soon = keyOf(tab.doc) !== known.key;
      if (soon !== useAutoRun.getState().soon) useAutoRun.setState({ soon });
    }
  });
  return () => {
    unsubscribe();
    rest();
  };
}

/** From now on, changes of this tab count. */
function watch({ id, doc }: Tab): void {
  known = { tab: id, key: keyOf(doc) };
  queued = null;
  rest();
}

async function runIfChanged(): Promise<void> {
  rest();
  const { id, doc } = activeTab(useWorkspace.getState());
  const key = keyOf(doc);
  if (key === known.key) return;
  known = { tab: id, key };
  if (key === "") return; // nothing that could be run
  await cancelWaiting();
  queued = await api.submit(id, doc);
}

/** Take the last job out of the queue, unless it has begun. */
async function cancelWaiting(): Promise<void> {
  const waiting = queued === null ? undefined : trackOf(queued);
  if (!waiting || waiting.begun) return;
  try {
    await cancelJob(waiting.jobId);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 404) throw error; // somebody else has cancelled it
  }
}

function rest(): void {
  clearTimeout(timer);
  if (useAutoRun.getState().soon) useAutoRun.setState({ soon: false });
}

function keyOf(doc: Doc): string {
  return runKey(doc, useSpecs.getState().specs);
}
