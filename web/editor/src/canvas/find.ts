import { create } from "zustand";
import { useSpecs } from "../store/specs";
import type { NodeId } from "../graph/types";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";
import { centerOn, fit } from "./actions";
import { type Hit, findIn } from "./finding";
import { focusNode } from "./focus";
import { leavePlace } from "./jumps";
import { showIn } from "./show_in";

/** The search within the workflow: what was found, and at which of it one is. */
export interface Find {
  readonly isOpen: boolean;
  readonly query: string;
  readonly hits: readonly Hit[];
  /** Where one was in the workflow's subgraphs: what is found there comes first. */
  readonly base: readonly NodeId[];
  /** -1 before one goes to any. */
  readonly at: number;
  /** The nodes among the hits of a query: the canvas marks them. */
  readonly marked: ReadonlySet<string>;
  /** What had the focus before. */
  readonly from: Element | null;
}

const NOTHING: Find = { isOpen: false, query: "", hits: [], base: [], at: -1, marked: new Set(), from: null };

export const useFind = create<Find>()(() => NOTHING);

/** Whether the canvas marks a node: it is among what was found. */
export const useIsFound = (id: string): boolean => useFind((find) => find.marked.has(id));

/** From here one can come back, however many hits are looked at. */
export function openFind(): void {
  leavePlace();
  const base = shownPath();
  const field = document.querySelector<HTMLInputElement>(".find input");
  useFind.setState(field ? { base } : { base, isOpen: true, from: document.activeElement });
  if (field) field.select(); // it is open already
  refreshHits();
}

/** The focus goes to what was found, so that keys are about that, or else back to where it was. */
export function closeFind(): void {
  const { hits, at, from } = useFind.getState();
  const hit = hits[at];
  useFind.setState(NOTHING);
  if (hit) focusNode(hit.id);
  else if (from instanceof HTMLElement) from.focus();
}

/** Look for something else, and go to what is found first. */
export function findText(query: string): void {
  useFind.setState({ query, at: -1 });
  refreshHits();
  if (query.trim() !== "") goToHit(0);
}

/** The workflow is another by now: find again, and stay at what is still found. */
export function refreshHits(): void {
  const { query, hits: before, base, at } = useFind.getState();
  const hits = findIn(activeTab(useWorkspace.getState()).doc, useSpecs.getState().specs, query, base);
  const shown = shownPath().join();
  const isMarked = ({ kind, path }: Hit) => query.trim() !== "" && kind === "node" && path.join() === shown;
  const marked = new Set(hits.filter(isMarked).map(({ id }) => id));
  useFind.setState({ hits, marked, at: hits.findIndex(({ key }) => key === before[at]?.key) });
}

/** To the next hit, or by -1 to the one before; after the last comes the first. */
export function stepHit(by: 1 | -1): void {
  const { hits, at } = useFind.getState();
  if (hits.length > 0) goToHit(at < 0 && by < 0 ? hits.length - 1 : (at + by + hits.length) % hits.length);
}

/** Select what was found, and bring it into the middle; what is inside of a subgraph is gone to there. */
export function goToHit(at: number): void {
  const hit = useFind.getState().hits[at];
  if (!hit) return;
  useFind.setState({ at });
  const { select } = useWorkspace.getState();
  if (hit.kind === "node") {
    showIn(
      hit.path,
      () => select([hit.id]),
      () => centerOn(hit.id),
    );
  } else {
    showIn(
      hit.path,
      () => select([], [Number(hit.id.split("/")[1])]),
      () => fit([hit.id]),
    );
  }
}

function shownPath(): readonly NodeId[] {
  return placeOf(activeTab(useWorkspace.getState())).path;
}
