import { createStore, promisifyRequest } from "idb-keyval";
import type { Tab } from "../store/workspace";

/**
 * What the browser keeps of open workflows, in IndexedDB. A session is what one browser tab has open: its index lies
 * under `[session]`, each of its tabs under `[session, id]`, so that a change writes one tab and not all.
 */

export interface Kept {
  readonly tabs: readonly Tab[];
  readonly active: string;
  /** By what name the server knew the page. */
  readonly client?: string;
  /** The newest job of each tab, whose pictures it shows. */
  readonly jobs?: Readonly<Record<string, string>>;
}

interface Index extends Omit<Kept, "tabs"> {
  readonly version: typeof VERSION;
  readonly order: readonly string[];
}

/** Of the shape of what is kept; what has another is left alone. */
const VERSION = 1;

const inShelf = createStore("wireloom-editor", "tabs");

/** Keep a session's tabs; only `changed` ones are written. All or nothing. */
export function keep(session: string, { tabs, ...more }: Kept, changed: readonly Tab[] = tabs): Promise<void> {
  const index: Index = { version: VERSION, order: tabs.map((tab) => tab.id), ...more };
  return inShelf("readwrite", async (shelf) => {
    shelf.put(index, [session]);
    for (const tab of changed) shelf.put(tab, [session, tab.id]);
    const ids = (await promisifyRequest(shelf.getAllKeys(allOf(session)))).map((key) => (key as string[])[1]);
    for (const id of ids) if (id !== undefined && !index.order.includes(id)) shelf.delete([session, id]);
    await promisifyRequest(shelf.transaction);
  });
}

/** What is kept of a session; null if nothing is. */
export function kept(session: string): Promise<Kept | null> {
  return inShelf("readonly", async (shelf) => {
    const [index, ...found] = (await promisifyRequest(shelf.getAll(allOf(session)))) as [Index?, ...Tab[]];
    if (index?.version !== VERSION) return null;
    const tabs = index.order.flatMap((id) => found.filter((tab) => tab.id === id));
    const { version: _, order: __, ...more } = index;
    return tabs.length > 0 ? { ...more, tabs } : null;
  });
}

/** All sessions of which something is kept. */
export function keptSessions(): Promise<string[]> {
  return inShelf("readonly", async (shelf) => {
    const keys = (await promisifyRequest(shelf.getAllKeys())) as string[][];
    return keys.filter((key) => key.length === 1).map((key) => key[0]!);
  });
}

export function discard(session: string): Promise<void> {
  return inShelf("readwrite", (shelf) => {
    shelf.delete(allOf(session));
    return promisifyRequest(shelf.transaction);
  });
}

/** Arrays sort after all texts: `[session]`, and whatever starts with it. */
function allOf(session: string): IDBKeyRange {
  return IDBKeyRange.bound([session], [session, []]);
}
