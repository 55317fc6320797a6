import { create } from "zustand";
import { applyAll, emptyDoc, invertAll } from "../graph/ops";
import type { Doc, Op, Step } from "../graph/types";

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
  readonly doc: Doc;
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
  /** Selected nodes and groups of the active tab. */
  readonly selection: { readonly nodes: readonly string[]; readonly groups: readonly number[] };
  /** How often something was to be done to a workflow that cannot be changed. */
  readonly refused: number;
  open(name: string, doc: Doc, path?: string | null, shared?: Shared): string;
  close(id: string): void;
  activate(id: string): void;
  rename(id: string, name: string, path: string | null): void;
  markSaved(id: string): void;
  /** Do something to the active document, so that it can be undone. */
  edit(label: string, ops: readonly Op[], merge?: string): void;
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
      if (ops.length === 0) return;
      if (activeTab(get()).shared !== undefined) refuse();
      else change(get().active, (tab) => done(tab, { label, ops, at: Date.now(), ...(merge ? { merge } : {}) }));
    },
    undo() {
      change(get().active, undone);
    },
    redo() {
      change(get().active, redone);
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

/** Say that the active workflow is only to be looked at. */
export function refuse(): void {
  useWorkspace.setState(({ refused }) => ({ refused: refused + 1 }));
}

export function isDirty(tab: Tab): boolean {
  return tab.savedAt !== tab.past.length;
}

function done(tab: Tab, step: Step): Tab {
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
    ...tab,
    doc: applyAll(tab.doc, invertAll(step.ops)),
    past: tab.past.slice(0, -1),
    future: [step, ...tab.future],
  };
}

function redone(tab: Tab): Tab {
  const [step, ...future] = tab.future;
  if (!step) return tab;
  return { ...tab, doc: applyAll(tab.doc, step.ops), past: [...tab.past, step], future };
}
