import { inputKey, nodeKey, runKey } from "../graph/computation";
import type { Doc } from "../graph/types";
import { changeNodes, tellFaults, useRun, type Fault } from "./run";
import { useSpecs } from "./specs";
import { useWorkspace } from "./workspace";

/**
 * Which faults still stand. A fault was found in a document as it was; when what it is about has been changed, it is gone
 * without waiting for the next run, and when the change is undone, it is back.
 */

interface Found {
  readonly fault: Fault;
  /** What it is about, as it was then. */
  readonly key: string;
}

const found = new Map<string, readonly Found[]>();

/** A run of this document was refused, or starts: these are its faults, and no others. */
export function replaceFaults(tab: string, faults: readonly Fault[], doc: Doc): void {
  found.set(tab, seenIn(faults, doc));
  recheck(tab);
}

/** One more has come up in a run of this document. */
export function addFaults(tab: string, faults: readonly Fault[], doc: Doc): void {
  found.set(tab, [...(found.get(tab) ?? []), ...seenIn(faults, doc)]);
  recheck(tab);
}

export function forgetFaults(tab: string): void {
  found.delete(tab);
}

/** Look again whenever a document changes. Return what stops that. */
export function followEdits(): () => void {
  return useWorkspace.subscribe(({ tabs }, before) => {
    if (tabs === before.tabs) return;
    for (const { id, doc } of tabs) {
      if (found.get(id)?.length && doc !== before.tabs.find((tab) => tab.id === id)?.doc) recheck(id);
    }
  });
}

function seenIn(faults: readonly Fault[], doc: Doc): Found[] {
  return faults.map((fault) => ({ fault, key: keyOf(fault, doc) }));
}

function recheck(tab: string): void {
  const doc = useWorkspace.getState().tabs.find(({ id }) => id === tab)?.doc;
  if (!doc) return;
  const standing = (found.get(tab) ?? [])
    .filter(({ fault, key }) => keyOf(fault, doc) === key)
    .map(({ fault }) => fault);
  const before = useRun.getState().faults[tab] ?? [];
  if (standing.length === before.length && standing.every((fault, at) => fault === before[at])) return;
  tellFaults(tab, standing);
  unmark(tab, before, standing);
}

/** A node whose fault is gone is no longer marked as failed. */
function unmark(tab: string, before: readonly Fault[], standing: readonly Fault[]): void {
  const nodes = useRun.getState().runs[tab]?.nodes ?? {};
  const kept = new Set(standing.map(({ node }) => node));
  for (const { node } of before) {
    const run = node === null || kept.has(node) ? undefined : nodes[node];
    if (node !== null && run?.state === "error")
      changeNodes(tab, { [node]: run.output && { state: "done", output: run.output } });
  }
}

function keyOf({ node, input }: Fault, doc: Doc): string {
  const { specs } = useSpecs.getState();
  if (node === null) return runKey(doc, specs);
  return input === null ? nodeKey(doc, specs, node) : inputKey(doc, specs, node, input);
}
