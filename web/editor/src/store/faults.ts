import { inputKeyAt, nodeKey, runKey } from "../graph/computation";
import type { Doc } from "../graph/types";
import { seenAt } from "../graph/within";
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
  return faults.map((told) => {
    const fault = { ...told, ...placeIn(doc, told) };
    return { fault, key: keyOf(fault, doc) };
  });
}

/** At the node itself, also inside of subgraphs; what a node expanded into is drawn nowhere, and neither are its inputs. */
function placeIn(doc: Doc, { node, input }: Fault): Pick<Fault, "node" | "input"> {
  if (node === null) return { node, input };
  const seen = seenAt(doc, node).at(-1)!;
  return { node: seen, input: seen === node ? input : null };
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
  const kept = new Set(standing.flatMap(around));
  for (const id of before.flatMap(around)) {
    const run = kept.has(id) ? undefined : nodes[id];
    if (run?.state === "error") changeNodes(tab, { [id]: run.output && { state: "done", output: run.output } });
  }
}

/** The node of a fault and those around it, as the server calls them. */
function around({ node }: Fault): string[] {
  const parts = node?.split(":") ?? [];
  return parts.map((_, at) => parts.slice(0, at + 1).join(":"));
}

/** What a node inside of a subgraph is made from is known by the outermost one around it: all insides count for that. */
function keyOf({ node, input }: Fault, doc: Doc): string {
  const { specs } = useSpecs.getState();
  if (node === null) return runKey(doc, specs);
  return input === null ? nodeKey(doc, specs, node.split(":")[0]!) : inputKeyAt(doc, specs, node, input);
}
