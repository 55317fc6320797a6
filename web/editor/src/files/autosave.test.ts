import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { emptyDoc } from "../graph/ops";
import type { Op } from "../graph/types";
import { newTab, useWorkspace, type Tab } from "../store/workspace";
import { recover, startAutosave } from "./autosave";
import { startSession, type Session } from "./session";
import { discard, kept, keptSessions } from "./shelf";

/** What the server has: the default workflow. */
const DEFAULT = { nodes: [{ id: 1, type: "Shipped", pos: [0, 0], size: [9, 9] }], links: [], version: 0.4 };

let stop: (() => void) | null = null;

beforeEach(() => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(DEFAULT)));
  reload();
});

afterEach(async () => {
  stop?.();
  stop = null;
  for (const session of await keptSessions()) await discard(session);
  vi.unstubAllGlobals();
});

describe("after a crash", () => {
  it("all tabs are back, with undo and redo", async () => {
    const browser = new Browser();
    const tab = browser.openTab();
    await work(tab, () => {
      useWorkspace.getState().open("Second", emptyDoc(), "workflows/second.json");
      edit("kept");
      edit("undone");
      useWorkspace.getState().undo();
    });
    const before = useWorkspace.getState();

    reload();
    await recover(tab.crash().start());

    const now = useWorkspace.getState();
    expect(now.tabs).toEqual(before.tabs);
    expect(now.active).toBe(before.active);
    now.redo();
    expect(titles()).toEqual(["kept", "undone"]);
    useWorkspace.getState().undo();
    useWorkspace.getState().undo();
    expect(titles()).toEqual([]);
  });

  it("seeds that no number holds exactly are back, in the log too", async () => {
    const tab = new Browser().openTab();
    const seeded = (seed: bigint) => ({ ...emptyDoc().rest, extra: { seed } });
    await work(tab, () => {
      const before = { rest: emptyDoc().rest };
      useWorkspace.getState().edit("seed", [{ of: "doc", before, after: { rest: seeded(2n ** 64n - 1n) } }]);
    });
    reload();
    await recover(tab.crash().start());
    const { undo, redo } = useWorkspace.getState();
    undo();
    redo();
    expect(useWorkspace.getState().tabs[0]!.doc.rest).toEqual(seeded(2n ** 64n - 1n));
  });

  it("a tab that had been closed stays closed", async () => {
    const tab = new Browser().openTab();
    await work(tab, () => edit("first"));
    const [first] = useWorkspace.getState().tabs;
    await work(tab, () => {
      useWorkspace.getState().open("Second", emptyDoc());
      useWorkspace.getState().close(first!.id);
    });

    reload();
    await recover(tab.crash().start());

    expect(names()).toEqual(["Second"]);
  });

  it("what was done before all was back is not lost", async () => {
    const tab = new Browser().openTab();
    await work(tab, () => edit("before"));
    tab.crash();
    reload();
    useWorkspace.getState().open("Meanwhile", emptyDoc());
    edit("meanwhile");

    await recover(tab.start());

    expect(names()).toEqual(["Untitled", "Meanwhile"]);
    expect(titles()).toEqual(["before"]);
  });

  it("a new browser tab takes over what one that is gone had", async () => {
    const browser = new Browser();
    const gone = browser.openTab();
    await work(gone, () => edit("orphaned"));
    gone.crash();

    reload();
    const heir = browser.openTab();
    await recover(heir.start());

    expect(titles()).toEqual(["orphaned"]);
    expect(await keptSessions()).toEqual([(await heir.start()).id]);
  });

  it("takes over all that several left", async () => {
    const browser = new Browser();
    for (const title of ["one", "two"]) {
      reload();
      const tab = browser.openTab();
      await work(tab, () => {
        useWorkspace.getState().restore([{ ...fresh("same id"), id: "same id", name: title }], "same id");
        edit(title);
      });
      browser.crashLater(tab);
    }
    browser.crashAll();

    reload();
    await recover(browser.openTab().start());

    expect(names().sort()).toEqual(["one", "two"]);
    expect(new Set(useWorkspace.getState().tabs.map((tab) => tab.id)).size).toBe(2);
  });
});

describe("two browser tabs", () => {
  it("keep to their own, even if one was duplicated from the other", async () => {
    const browser = new Browser();
    const first = browser.openTab();
    await work(first, () => edit("of the first"));

    reload();
    const second = first.duplicate();
    await recover(second.start());
    await work(second, () => edit("of the second"));

    const id = (await first.start()).id;
    expect((await second.start()).id).not.toBe(id);
    const doc = (await kept(id))!.tabs[0]!.doc;
    expect(Object.values(doc.nodes).map((node) => node.title)).toEqual(["of the first"]);
  });
});

describe("leaving", () => {
  it("is asked about while something is not kept yet, and not after that", async () => {
    const tab = new Browser().openTab();
    stop = startAutosave(tab.start());
    await settled(tab);
    expect(leave()).toBe(true);
    edit("just now");
    expect(leave()).toBe(false);
    await settled(tab);
    await vi.waitFor(() => expect(leave()).toBe(true));
  });
});

describe("the first start", () => {
  it("opens the default workflow", async () => {
    await recover(new Browser().openTab().start());
    expect(names()).toEqual(["Text to image"]);
    expect(useWorkspace.getState().tabs[0]!.doc.nodes["1"]!.type).toBe("Shipped");
  });

  it("is no work to be recovered later", async () => {
    const browser = new Browser();
    const tab = browser.openTab();
    stop = startAutosave(tab.start());
    await recover(tab.start());
    await settled(tab);
    const { active } = useWorkspace.getState();
    const left = (await tab.start()).id;
    tab.crash();

    reload();
    const heir = browser.openTab();
    const known = await recover(heir.start());

    expect(known).toEqual([left]); // so that drafts of it on the server are no work of anybody's either
    expect(names()).toEqual(["Text to image"]);
    expect(useWorkspace.getState().active).not.toBe(active); // it was opened anew
  });
});

/** A browser: its tabs share locks, and each has a storage of its own. */
class Browser {
  readonly locks = new Locks();
  private readonly doomed: BrowserTab[] = [];

  openTab(storage: Storage = new MemoryStorage()): BrowserTab {
    return new BrowserTab(this, storage);
  }

  crashLater(tab: BrowserTab): void {
    this.doomed.push(tab);
  }

  crashAll(): void {
    this.doomed.forEach((tab) => tab.crash());
  }
}

class BrowserTab {
  private session: Promise<Session> | null = null;

  constructor(
    private readonly browser: Browser,
    private readonly storage: Storage,
  ) {}

  start(): Promise<Session> {
    return (this.session ??= startSession(this.storage, this.browser.locks));
  }

  /** The page dies; the browser tab, and its storage, stay. */
  crash(): BrowserTab {
    this.browser.locks.release(this.storage.getItem("wireloom.session")!);
    this.session = null;
    return this;
  }

  duplicate(): BrowserTab {
    const copy = new MemoryStorage();
    for (const [key, value] of Object.entries(this.storage)) copy.setItem(key, value as string);
    return this.browser.openTab(copy);
  }
}

/** As much of the Web Locks API as sessions use. */
class Locks {
  private readonly held = new Set<string>();

  request = (async (name: string, _: LockOptions, task: LockGrantedCallback<unknown>) => {
    if (this.held.has(name)) {
      return task(null); // all requests are `ifAvailable`
    }
    this.held.add(name);
    await task({ name, mode: "exclusive" });
    this.held.delete(name);
  }) as LockManager["request"];

  release(session: string): void {
    this.held.delete(`wireloom.session.${session}`);
  }
}

class MemoryStorage implements Storage {
  [key: string]: unknown;
  get length(): number {
    return Object.keys(this).length;
  }
  clear(): void {
    for (const key of Object.keys(this)) delete this[key];
  }
  getItem(key: string): string | null {
    return (this[key] as string | undefined) ?? null;
  }
  key(index: number): string | null {
    return Object.keys(this)[index] ?? null;
  }
  removeItem(key: string): void {
    delete this[key];
  }
  setItem(key: string, value: string): void {
    this[key] = value;
  }
}

/** Do something with autosave on, and wait until it is kept. */
async function work(tab: BrowserTab, act: () => void): Promise<void> {
  stop = startAutosave(tab.start());
  act();
  await settled(tab);
  stop();
}

/** A hidden page keeps all at once. */
async function settled(tab: BrowserTab): Promise<void> {
  window.dispatchEvent(new Event("pagehide"));
  const { id } = await tab.start();
  await vi.waitFor(async () => expect((await kept(id))?.tabs).toEqual(useWorkspace.getState().tabs));
}

/** Whether the page may be left without a question. */
function leave(): boolean {
  return window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
}

/** The page begins anew, with nothing in memory. */
function reload(): void {
  const tab = fresh("Untitled");
  useWorkspace.setState({ tabs: [tab], active: tab.id });
}

function fresh(name: string): Tab {
  return newTab(name, emptyDoc());
}

function edit(title: string): void {
  const id = title;
  const after = {
    id,
    title,
    type: "Thing",
    pos: [0, 0],
    size: [1, 1],
    mode: 0,
    flags: {},
    properties: {},
    inputs: [],
    outputs: [],
    values: [],
    rest: {},
  } as const;
  const op: Op = { of: "nodes", id, before: null, after };
  useWorkspace.getState().edit("Add", [op]);
}

function names(): string[] {
  return useWorkspace.getState().tabs.map((tab) => tab.name);
}

function titles(): (string | undefined)[] {
  const { tabs, active } = useWorkspace.getState();
  return Object.values(tabs.find((tab) => tab.id === active)!.doc.nodes).map((node) => node.title);
}
