import { create } from "zustand";

/** What became of a node in the newest run of its tab. */
export interface NodeRun {
  readonly state: "waiting" | "running" | "done" | "cached" | "error";
  /** How far it is, while it runs; missing if it does not tell. */
  readonly value?: number;
  readonly max?: number;
  /** When it began, in milliseconds, while it runs. */
  readonly since?: number;
  /** What it says of itself, while it runs. */
  readonly says?: string;
  /** An object URL of the newest picture of unfinished work. */
  readonly preview?: string;
  /** What it took, once it has run. */
  readonly seconds?: number;
  /** What it showed: `{images: [{filename, subfolder, type}], text: [...]}`. */
  readonly output?: Readonly<Record<string, readonly unknown[]>>;
}

/** A problem to be shown where it belongs: at a node, and at one of its inputs if that is known. */
export interface Fault {
  readonly node: string | null;
  readonly input: string | null;
  readonly message: string;
  readonly details: string;
}

/** Whether a fault is at a node, or at one inside of it. */
export function isWithin({ node }: Fault, id: string): boolean {
  return node === id || (node?.startsWith(`${id}:`) ?? false);
}

/** The run of a tab that is under way, or else its newest. */
export interface TabRun {
  readonly jobId: string;
  readonly state: "pending" | "running" | "succeeded" | "failed" | "cancelled";
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly startedAt?: number;
  readonly endedAt?: number;
}

export interface RunStore {
  readonly connection: "connecting" | "open" | "lost";
  readonly remaining: number;
  /** By the id of the tab. */
  readonly runs: Readonly<Record<string, TabRun>>;
  readonly faults: Readonly<Record<string, readonly Fault[]>>;
  /** Whose job is whose. */
  readonly tabOf: Readonly<Record<string, string>>;
}

export const useRun = create<RunStore>()(() => ({
  connection: "connecting",
  remaining: 0,
  runs: {},
  faults: {},
  tabOf: {},
}));

/** The state of one node of a tab: a component that reads this is drawn again only when that node's state changes. */
export function useNodeRun(tab: string, node: string): NodeRun | undefined {
  return useRun((run) => run.runs[tab]?.nodes[node]);
}

const NO_FAULTS: readonly Fault[] = [];

export function useFaults(tab: string): readonly Fault[] {
  return useRun((run) => run.faults[tab] ?? NO_FAULTS);
}

/** Have a tab show another run. What pictures of unfinished work the old one had are let go. */
export function showRun(tab: string, run: TabRun): void {
  const { runs } = useRun.getState();
  useRun.setState({ runs: { ...runs, [tab]: run } });
  const kept = new Set(previewsOf(run));
  previewsOf(runs[tab])
    .filter((url) => !kept.has(url))
    .forEach(letGo);
}

/** Change nodes of the run that a tab shows: undefined takes one away. Those that stay equal keep their object. */
export function changeNodes(tab: string, changes: Readonly<Record<string, NodeRun | undefined>>): void {
  const run = useRun.getState().runs[tab];
  if (!run) return;
  const nodes: Record<string, NodeRun> = { ...run.nodes };
  const changed = Object.entries(changes).filter(([id, node]) => !equal(nodes[id], node));
  if (changed.length === 0) return;
  for (const [id, node] of changed) {
    if (node) nodes[id] = node;
    else delete nodes[id];
  }
  showRun(tab, { ...run, nodes });
}

export function tellFaults(tab: string, faults: readonly Fault[]): void {
  useRun.setState(({ faults: all }) => ({ faults: { ...all, [tab]: faults } }));
}

/** A tab was closed: nothing of its runs is kept. */
export function forgetRuns(tab: string): void {
  const { runs, faults, tabOf } = useRun.getState();
  const { [tab]: run, ...otherRuns } = runs;
  const { [tab]: _, ...otherFaults } = faults;
  const others = Object.fromEntries(Object.entries(tabOf).filter(([, of]) => of !== tab));
  useRun.setState({ runs: otherRuns, faults: otherFaults, tabOf: others });
  previewsOf(run).forEach(letGo);
}

function previewsOf(run: TabRun | undefined): string[] {
  return Object.values(run?.nodes ?? {}).flatMap(({ preview }) => preview ?? []);
}

function letGo(url: string): void {
  URL.revokeObjectURL(url);
}

function equal(one: NodeRun | undefined, other: NodeRun | undefined): boolean {
  if (!one || !other) return one === other;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof NodeRun>;
  return [...keys].every((key) => one[key] === other[key]);
}
