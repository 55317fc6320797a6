import { create } from "zustand";
import { applyAll, emptyDoc, invertAll } from "../graph/ops";
import type { Doc, NodeId, Op, Step } from "../graph/types";
import { lifted, type Place, placeAt } from "../graph/within";
import { useSpecs } from "./specs";

/** One open workflow: the document, and the log of what was done to it and undone. */
export interface Tab {
  readonly id: string;
  readonly name: string;
  /** Where it lies in the library (`workflows/...json`); null if it was never saved. */
  readonly path: string | null;
  /** What its file was when it was read or saved last, by the server's name for that content. */
  readonly version?: string | null;
  /** The share that it shows: then it cannot be changed. */
  readonly shared?: Shared;
  /** The whole workflow; `shownDoc` is what of it is on the canvas. */
  readonly doc: Doc;
  /** The nodes that were entered one after the other; missing in the workflow itself. */
  readonly entered?: readonly NodeId[];
  readonly past: readonly Step[];
  readonly future: readonly Step[];
  /** The length of `past` when it was saved last; -1 if that state is gone. */
  readonly savedAt: number;
}

/** What somebody shares, beside the workflow: addresses of its picture, and of its files by the values that name them. */
export interface Shared {
  readonly token: string;
  readonly picture: string | null;
  readonly files: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly tabs: readonly Tab[];
  readonly active: string;
  /** Selected nodes and groups of what the active tab shows. */
  readonly selection: { readonly nodes: readonly string[]; readonly groups: readonly number[] };
  /** How often something was to be done to a workflow that cannot be changed. */
  readonly refused: number;
  open(name: string, doc: Doc, path?: string | null, shared?: Shared): string;
  close(id: string): void;
  activate(id: string): void;
  rename(id: string, name: string, path: string | null): void;
  markSaved(id: string): void;
  /** Do something to what the active tab shows, so that it can be undone. */
  edit(label: string, ops: readonly Op[], merge?: string): void;
  /** The same of the whole workflow, wherever in it the tab is. */
  editWhole(label: string, ops: readonly Op[], merge?: string): void;
  /** Show the inside of the node that such a path leads to; an empty one leads back to the workflow. */
  goInto(path: readonly NodeId[]): void;
  undo(): void;
  redo(): void;
  select(nodes: readonly string[], groups?: readonly number[]): void;
  /** Take in tabs as they were stored (after a crash or a reload). */
  restore(tabs: readonly Tab[], active: string): void;
}

const MERGE_MS = 1000;
const LONGEST_LOG = 1000;

let count = 0;

export function newTab(name: string, doc: Doc, path: string | null = null): Tab {
  count += 1;
  return { id: `${Date.now().toString(36)}-${count}`, name, path, doc, past: [], future: [], savedAt: 0 };
}

export const useWorkspace = create<Workspace>()((set, get) => {
  const first = newTab("Untitled", emptyDoc());
  const change = (id: string, of: (tab: Tab) => Tab) =>
    set({ tabs: get().tabs.map((tab) => (tab.id === id ? of(tab) : tab)) });
  /** Undoing shows where it undoes; what was selected elsewhere is not there. */
  const step = (of: (tab: Tab) => Tab) => {
    const before = pathText(activeTab(get()));
    change(get().active, of);
    if (pathText(activeTab(get())) !== before) set({ selection: { nodes: [], groups: [] } });
  };

  return {
    tabs: [first],
    active: first.id,
    selection: { nodes: [], groups: [] },
    refused: 0,
    open(name, doc, path = null, shared) {
      const tab = { ...newTab(name, doc, path), ...(shared === undefined ? {} : { shared }) };
      set({ tabs: [...get().tabs, tab], active: tab.id, selection: { nodes: [], groups: [] } });
      return tab.id;
    },
    close(id) {
      const tabs = get().tabs.filter((tab) => tab.id !== id);
      const left = tabs.length > 0 ? tabs : [newTab("Untitled", emptyDoc())];
      const active = left.some((tab) => tab.id === get().active) ? get().active : left[left.length - 1]!.id;
      set({ tabs: left, active, selection: { nodes: [], groups: [] } });
    },
    activate(id) {
      set({ active: id, selection: { nodes: [], groups: [] } });
    },
    rename(id, name, path) {
      change(id, (tab) => ({ ...tab, name, path }));
    },
    markSaved(id) {
      change(id, (tab) => ({ ...tab, savedAt: tab.past.length }));
    },
    edit(label, ops, merge) {
      const { path, subgraph } = placeOf(activeTab(get()));
      const of = merge && [...path, merge].join("/"); // the node of a number is another one elsewhere
      if (ops.length > 0)
        get().editWhole(label, lifted(activeTab(get()).doc, subgraph, ops, useSpecs.getState().specs), of);
    },
    editWhole(label, ops, merge) {
      if (ops.length === 0) return;
      if (activeTab(get()).shared !== undefined) refuse();
      else change(get().active, (tab) => done(tab, { label, ops, at: Date.now(), ...(merge ? { merge } : {}) }));
    },
    goInto(path) {
      change(get().active, (tab) => at(tab, path));
      set({ selection: { nodes: [], groups: [] } });
    },
    undo() {
      step(undone);
    },
    redo() {
      step(redone);
    },
    select(nodes, groups = []) {
      set({ selection: { nodes, groups } });
    },
    restore(tabs, active) {
      if (tabs.length > 0) set({ tabs, active, selection: { nodes: [], groups: [] } });
    },
  };
});

/** The active tab; there always is one. */
export function activeTab(workspace: Workspace): Tab {
  return workspace.tabs.find((tab) => tab.id === workspace.active) ?? workspace.tabs[0]!;
}

const places = new WeakMap<Tab, Place>();

/** Where in its workflow a tab is. */
export function placeOf(tab: Tab): Place {
  let place = places.get(tab);
  if (!place) places.set(tab, (place = placeAt(tab.doc, tab.entered ?? [])));
  return place;
}

/** What is on the canvas while a tab is active: its workflow, or the inside of a subgraph. */
export function shownDoc(tab: Tab): Doc {
  return placeOf(tab).doc;
}

/** What is on the canvas now. */
export function activeDoc(workspace: Workspace): Doc {
  return shownDoc(activeTab(workspace));
}

/** What the ids of the nodes on the canvas begin with where the server speaks of them: `5:2:`. */
export function pathText(tab: Tab): string {
  return placeOf(tab)
    .path.map((id) => `${id}:`)
    .join("");
}

function at(tab: Tab, entered: readonly NodeId[]): Tab {
  const { entered: _, ...whole } = tab;
  return entered.length > 0 ? { ...whole, entered } : whole;
}

/** Say that the active workflow is only to be looked at. */
export function refuse(): void {
  useWorkspace.setState(({ refused }) => ({ refused: refused + 1 }));
}

export function isDirty(tab: Tab): boolean {
  return tab.savedAt !== tab.past.length;
}

function done(tab: Tab, given: Step): Tab {
  const { path } = placeOf(tab);
  const step = path.length > 0 ? { ...given, path } : given;
  const doc = applyAll(tab.doc, step.ops);
  const last = tab.past[tab.past.length - 1];
  const merges = step.merge !== undefined && last?.merge === step.merge && step.at - last.at < MERGE_MS;
  if (merges && tab.past.length !== tab.savedAt) {
    const merged = { ...step, ops: [...last.ops, ...step.ops] };
    return { ...tab, doc, past: [...tab.past.slice(0, -1), merged], future: [] };
  }
  const past = [...tab.past, step];
  const dropped = Math.max(0, past.length - LONGEST_LOG);
  const lost = tab.savedAt > tab.past.length; // what was saved lay in the future that is gone now
  return { ...tab, doc, past: past.slice(dropped), future: [], savedAt: lost ? -1 : tab.savedAt - dropped };
}

function undone(tab: Tab): Tab {
  const step = tab.past[tab.past.length - 1];
  if (!step) return tab;
  return {
    ...at(tab, step.path ?? []),
    doc: applyAll(tab.doc, invertAll(step.ops)),
    past: tab.past.slice(0, -1),
    future: [step, ...tab.future],
  };
}

function redone(tab: Tab): Tab {
  const [step, ...future] = tab.future;
  if (!step) return tab;
  return { ...at(tab, step.path ?? []), doc: applyAll(tab.doc, step.ops), past: [...tab.past, step], future };
}
