import { create } from "zustand";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { centerOn, fit } from "./actions";
import { type Hit, findIn } from "./finding";
import { focusNode } from "./focus";
import { leavePlace } from "./jumps";
import { currentDoc } from "./selection";

/** The search within the workflow: what was found, and at which of it one is. */
export interface Find {
  readonly isOpen: boolean;
  readonly query: string;
  readonly hits: readonly Hit[];
  /** -1 before one goes to any. */
  readonly at: number;
  /** The nodes among the hits of a query: the canvas marks them. */
  readonly marked: ReadonlySet<string>;
  /** What had the focus before. */
  readonly from: Element | null;
}

const NOTHING: Find = { isOpen: false, query: "", hits: [], at: -1, marked: new Set(), from: null };

export const useFind = create<Find>()(() => NOTHING);

/** Whether the canvas marks a node: it is among what was found. */
export const useIsFound = (id: string): boolean => useFind((find) => find.marked.has(id));

/** From here one can come back, however many hits are looked at. */
export function openFind(): void {
  leavePlace();
  const field = document.querySelector<HTMLInputElement>(".find input");
  if (field) return field.select(); // it is open already
  useFind.setState({ isOpen: true, from: document.activeElement });
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
  const { query, hits: before, at } = useFind.getState();
  const hits = findIn(currentDoc(), useSpecs.getState().specs, query);
  const isSearch = query.trim() !== "";
  const marked = new Set(hits.flatMap(({ kind, id }) => (isSearch && kind === "node" ? [id] : [])));
  useFind.setState({ hits, marked, at: hits.findIndex(({ id }) => id === before[at]?.id) });
}

/** To the next hit, or by -1 to the one before; after the last comes the first. */
export function stepHit(by: 1 | -1): void {
  const { hits, at } = useFind.getState();
  if (hits.length > 0) goToHit(at < 0 && by < 0 ? hits.length - 1 : (at + by + hits.length) % hits.length);
}

/** Select what was found, and bring it into the middle. */
export function goToHit(at: number): void {
  const hit = useFind.getState().hits[at];
  if (!hit) return;
  useFind.setState({ at });
  const { select } = useWorkspace.getState();
  if (hit.kind === "node") {
    select([hit.id]);
    centerOn(hit.id);
  } else {
    select([], [Number(hit.id.split("/")[1])]);
    fit([hit.id]);
  }
}
