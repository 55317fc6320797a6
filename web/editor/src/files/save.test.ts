import { beforeEach, afterEach, describe, expect, it, vi } from "vitest";
import { emptyDoc } from "../graph/ops";
import { activeTab, isDirty, newTab, useWorkspace, type Tab } from "../store/workspace";
import { useQuestion } from "./ask";
import { openSaved } from "./open";
import { closeTab, removeSaved, renameSaved, saveActive, saveActiveAs } from "./save";

const EMPTY = JSON.stringify({ nodes: [], links: [], version: 0.4 });

let files: Map<string, string>;

beforeEach(() => {
  files = new Map();
  vi.stubGlobal("fetch", serveFiles);
  const tab = newTab("Untitled", emptyDoc());
  useWorkspace.setState({ tabs: [tab], active: tab.id });
});

afterEach(() => vi.unstubAllGlobals());

describe("saving", () => {
  it("asks for a name the first time only", async () => {
    const saving = saveActive();
    answer("yes", "portraits/anna");
    expect(await saving).toBe(true);
    expect([...files.keys()]).toEqual(["workflows/portraits/anna.json"]);
    expect(active()).toMatchObject({ name: "anna", path: "workflows/portraits/anna.json" });

    edit();
    expect(isDirty(active())).toBe(true);
    expect(await saveActive()).toBe(true);
    expect(isDirty(active())).toBe(false);
    expect(files.get("workflows/portraits/anna.json")).toContain("Added");
  });

  it("replaces another workflow only if that is confirmed", async () => {
    files.set("workflows/taken.json", EMPTY);
    edit();
    const refused = saveActiveAs("taken");
    await asked();
    answer(null);
    expect(await refused).toBe(false);
    expect(files.get("workflows/taken.json")).toBe(EMPTY);
    expect(active().path).toBeNull();

    const confirmed = saveActiveAs("taken");
    await asked();
    answer("yes");
    expect(await confirmed).toBe(true);
    expect(files.get("workflows/taken.json")).toContain("Added");
  });

  it("does not call saved what was done meanwhile", async () => {
    const saving = saveActiveAs("a");
    edit();
    await saving;
    expect(isDirty(active())).toBe(true);
    expect(files.get("workflows/a.json")).not.toContain("Added");
  });

  it("says why it failed, and leaves the workflow unsaved", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    edit();
    expect(await saveActiveAs("a")).toBe(false);
    expect(isDirty(active())).toBe(true);
  });
});

describe("the library", () => {
  beforeEach(async () => {
    files.set("workflows/a.json", EMPTY);
    await openSaved("workflows/a.json");
  });

  it("opens a workflow once", async () => {
    await openSaved("workflows/a.json");
    expect(useWorkspace.getState().tabs).toHaveLength(1);
    expect(active()).toMatchObject({ name: "a", path: "workflows/a.json" });
  });

  it("renames a file along with the tab that has it open", async () => {
    const renaming = renameSaved("workflows/a.json");
    answer("yes", "folder/b");
    await renaming;
    expect([...files.keys()]).toEqual(["workflows/folder/b.json"]);
    expect(active()).toMatchObject({ name: "b", path: "workflows/folder/b.json" });
  });

  it("deletes after asking, and what is open of it is unsaved then", async () => {
    const kept = removeSaved("workflows/a.json");
    answer(null);
    await kept;
    expect(files.size).toBe(1);

    const removed = removeSaved("workflows/a.json");
    answer("yes");
    await removed;
    expect(files.size).toBe(0);
    expect(active().path).toBeNull();
    expect(isDirty(active())).toBe(true);
  });
});

describe("closing", () => {
  it("asks if there is something to save, and can be taken back", async () => {
    edit();
    const { id } = active();
    const closing = closeTab(id);
    answer(null);
    await closing;
    expect(active().id).toBe(id);

    const discarding = closeTab(id);
    answer("discard");
    await discarding;
    expect(active().id).not.toBe(id);
  });

  it("does not ask if there is nothing to save", async () => {
    const { id } = active();
    await closeTab(id);
    expect(useQuestion.getState().asked).toBeNull();
    expect(active().id).not.toBe(id);
  });

  it("keeps the tab open if saving is not gone through with", async () => {
    edit();
    const { id } = active();
    const closing = closeTab(id);
    answer("save");
    await asked(); // for its name
    answer(null);
    await closing;
    expect(active().id).toBe(id);
  });
});

/** The server's `/userdata`, as far as saving uses it. */
async function serveFiles(address: string, { method, body }: RequestInit): Promise<Response> {
  const { pathname, searchParams } = new URL(address);
  const [, from = "", to] =
    /\/userdata\/([^/]+)(?:\/move\/([^/]+))?/.exec(pathname)?.map((part) => part && decodeURIComponent(part)) ?? [];
  if (method === "GET" && from) return new Response(files.get(from));
  if (method === "GET") return Response.json([]);
  if (method === "DELETE") return new Response(null, { status: files.delete(from) ? 204 : 404 });
  const target = to ?? from;
  if (files.has(target) && searchParams.get("overwrite") === "false")
    return new Response("there is one", { status: 409 });
  files.set(target, to === undefined ? String(body) : files.get(from)!);
  if (to !== undefined) files.delete(from);
  return Response.json({ path: target });
}

function answer(given: string | null, value = ""): void {
  useQuestion.getState().asked!.reply(given === null ? null : { answer: given, value });
}

function asked(): Promise<void> {
  return vi.waitFor(() => expect(useQuestion.getState().asked).not.toBeNull());
}

function active(): Tab {
  return activeTab(useWorkspace.getState());
}

function edit(): void {
  const after = { id: 1, title: "Added", bounding: [0, 0, 1, 1], rest: {} } as const;
  useWorkspace.getState().edit("Add group", [{ of: "groups", id: 1, before: null, after }]);
}
