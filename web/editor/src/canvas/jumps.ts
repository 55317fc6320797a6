import { create } from "zustand";
import type { NodeId } from "../graph/types";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";
import { middleOfView } from "./adding";
import { useFlow } from "./flow";
import type { Point } from "./geometry";
import { motion } from "./motion";
import { useIsWhole } from "./viewports";

/** What was looked at: which workflow, inside of which of its subgraphs, what was in the middle, and how large. */
export interface Place {
  readonly tab: string;
  /** The nodes that were entered. */
  readonly path: readonly NodeId[];
  readonly middle: Point;
  readonly zoom: number;
}

/** Places that were left by a jump, the newest last, and those that were gone back from, the next one last. */
export interface Jumps {
  readonly past: readonly Place[];
  readonly future: readonly Place[];
}

const LONGEST = 100;
/** On the screen: what has moved less is the same place. */
const NEAR_PX = 24;

export const useJumps = create<Jumps>()(() => ({ past: [], future: [] }));

/** A jump from here: what was gone back from is forgotten. */
export function left({ past }: Jumps, here: Place): Jumps {
  const last = past.at(-1);
  return { past: last && isSame(last, here) ? past : [...past, here].slice(-LONGEST), future: [] };
}

/** Back to the newest place that is elsewhere, in a workflow that is still open. */
export function back({ past, future }: Jumps, here: Place, isOpen: (tab: string) => boolean): [Jumps, Place | null] {
  const places = past.filter((place) => isOpen(place.tab));
  while (places.length > 0 && isSame(places.at(-1)!, here)) places.pop();
  const to = places.pop() ?? null;
  return [{ past: places, future: to ? [...future, here] : future }, to];
}

/** Forward is back, seen the other way. */
export function forward({ past, future }: Jumps, here: Place, isOpen: (tab: string) => boolean): [Jumps, Place | null] {
  const [{ past: ahead, future: behind }, to] = back({ past: future, future: past }, here, isOpen);
  return [{ past: behind, future: ahead }, to];
}

function isSame(a: Place, b: Place): boolean {
  const apart = Math.hypot(a.middle.x - b.middle.x, a.middle.y - b.middle.y) * Math.min(a.zoom, b.zoom);
  return isSameLevel(a, b) && apart < NEAR_PX && Math.abs(Math.log(a.zoom / b.zoom)) < 0.1;
}

function isSameLevel(a: Place, b: Place): boolean {
  return a.tab === b.tab && a.path.join() === b.path.join();
}

/** Whether the key was one of these. In fields, arrows are the field's. */
export function travelByKey({ key, altKey, target }: KeyboardEvent): boolean {
  const go = { ArrowLeft: goBack, ArrowRight: goForward }[key];
  const isField = target instanceof Element && target.closest("input, textarea, [contenteditable=true]") !== null;
  if (!go || !altKey || isField) return false;
  go();
  return true;
}

/** Remember what is looked at, before something else is. */
export function leavePlace(): void {
  const place = here();
  if (place) useJumps.setState((jumps) => left(jumps, place));
}

export function goBack(): void {
  travel(back);
}

export function goForward(): void {
  travel(forward);
}

function here(): Place | null {
  const { instance } = useFlow.getState();
  const tab = activeTab(useWorkspace.getState());
  return instance && { tab: tab.id, path: placeOf(tab).path, middle: middleOfView(), zoom: instance.getZoom() };
}

function travel(way: typeof back): void {
  const { tabs, activate, goInto } = useWorkspace.getState();
  const from = here();
  if (!from) return;
  const [jumps, to] = way(useJumps.getState(), from, (tab) => tabs.some(({ id }) => id === tab));
  useJumps.setState(jumps);
  if (!to) return;
  if (isSameLevel(to, from)) return show(to);
  activate(to.tab);
  goInto(to.path);
  setTimeout(() => show(to), 0); // its view is put back first as it was left
}

function show({ middle, zoom }: Place): void {
  useIsWhole.setState({ isWhole: false });
  void useFlow.getState().instance?.setCenter(middle.x, middle.y, { zoom, ...motion() });
}
