import { create } from "zustand";
import { api } from "../api/client";
import { applyAll } from "../graph/ops";
import type { Doc } from "../graph/types";
import { registerCommand } from "../shell/commands";
import { useSettings } from "../shell/settings";
import { toast } from "../shell/toast";
import { refreshJobs } from "../store/jobs";
import { useSpecs } from "../store/specs";
import { activeTab, refuse, useWorkspace } from "../store/workspace";
import { afterQueued } from "../widgets/control";
import { isQueued, setAutoRun, useAutoRun } from "./auto_run";
import { useHeat } from "./heat";
import { targetsNow } from "./run_targets";
import { t } from "./strings";

export const MOST_RUNS = 100;

/** How many times Run queues the workflow. */
export const useRunCount = create<{ readonly count: number; setCount(count: number): void }>()((set) => ({
  count: 1,
  setCount: (count) => set({ count: Math.max(1, Math.min(MOST_RUNS, Math.round(count) || 1)) }),
}));

export interface RunOptions {
  readonly front?: boolean;
  readonly only?: readonly string[];
  readonly count?: number;
}

/** Queue the active workflow `count` times, its seeds moving on between; the first refusal ends it. */
export async function runActive({ count = 1, ...options }: RunOptions = {}): Promise<void> {
  const tab = activeTab(useWorkspace.getState());
  if (tab.shared !== undefined) return refuse();
  let doc = tab.doc;
  for (let run = 0; run < count; run += 1) {
    if ((await api.submit(tab.id, doc, options)) === null) return showProblems();
    doc = moveOn(tab.id, doc);
    isQueued(tab.id, doc);
  }
}

/** A workflow was refused: the list of problems says why. */
export function showProblems(): void {
  useSettings.setState({ panel: "problems" });
}

/** Let seeds move on, in the document too if it is still the one being edited. */
function moveOn(tabId: string, doc: Doc): Doc {
  const workspace = useWorkspace.getState();
  const { specs } = useSpecs.getState();
  if (workspace.active !== tabId) return applyAll(doc, afterQueued(doc, specs));
  workspace.editWhole(t.run.nextSeed, afterQueued(activeTab(workspace).doc, specs), "next seed");
  return activeTab(useWorkspace.getState()).doc;
}

/** The selected nodes that can be run to. */
export function selectedTargets(): string[] {
  return targetsNow(useWorkspace.getState(), useSpecs.getState().specs);
}

/** Do something that asks the server; say what went wrong. */
export function attempt(action: Promise<unknown>): void {
  action.catch(sayProblem);
}

export function sayProblem(error: unknown): void {
  toast(t.queue.problem(error instanceof Error ? error.message : String(error)), "error");
}

/** Make the ways to run known to palette and keys. What comes back takes them away. */
export function registerRunCommands(): () => void {
  const count = () => useRunCount.getState().count;
  const commands = [
    registerCommand({
      id: "run",
      title: t.run.run,
      group: "run",
      keys: "Ctrl+Enter",
      run: () => attempt(runActive({ count: count() })),
    }),
    registerCommand({
      id: "run.front",
      title: t.run.front,
      group: "run",
      keys: "Ctrl+Shift+Enter",
      run: () => attempt(runActive({ count: count(), front: true })),
    }),
    registerCommand({
      id: "run.selected",
      title: t.run.selected,
      group: "run",
      keys: "Ctrl+Alt+Enter",
      enabled: () => selectedTargets().length > 0,
      run: () => attempt(runActive({ only: selectedTargets() })),
    }),
    registerCommand({
      id: "run.auto",
      title: t.run.auto,
      group: "run",
      run: () => setAutoRun(!useAutoRun.getState().on),
    }),
    registerCommand({
      id: "run.interrupt",
      title: t.run.interrupt,
      group: "run",
      run: () => attempt(api.interrupt().then(refreshJobs)),
    }),
    registerCommand({
      id: "run.heat",
      title: t.run.heat,
      group: "run",
      run: () => useHeat.getState().toggle(),
    }),
  ];
  return () => commands.forEach((forget) => forget());
}
