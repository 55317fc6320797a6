import { beforeEach, afterEach, describe, expect, it, vi } from "vitest";
import { emptyDoc } from "../graph/ops";
import { activeTab, isDirty, newTab, useWorkspace, type Tab } from "../store/workspace";
import { useQuestion } from "./ask";
import { openSaved } from "./open";
import { useRun } from "../store/run";
import { refreshLibrary, useLibrary } from "./library";
import { emptyTrash, putBack, removeSaved, renameSaved } from "./manage";
import { startRetrying } from "./retry";
import { closeTab, saveActive, saveActiveAs } from "./save";

const THEIRS = JSON.stringify({
  nodes: [],
  links: [],
  groups: [{ id: 1, title: "Theirs", bounding: [0, 0, 9, 9] }],
  version: 0.4,
});
const EMPTY = JSON.stringify({ nodes: [], links: [], version: 0.4 });

let files: Map<string, string>;

beforeEach(() => {
  files = new Map();
  vi.stubGlobal("fetch", serveFiles);
  HTMLCanvasElement.prototype.getContext = () => null; // jsdom draws nothing
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

  it("keeps seeds that no number holds exactly", async () => {
    const text = EMPTY.replace("[]", '[{"id":1,"type":"A","widgets_values":[18446744073709551615,1]}]');
    files.set("workflows/large.json", text);
    await openSaved("workflows/large.json");
    edit();
    expect(await saveActive()).toBe(true);
    expect(files.get("workflows/large.json")).toContain("18446744073709551615");
  });

  it("does not call saved what was done meanwhile, but comes back to what was", async () => {
    const saving = saveActiveAs("a");
    edit();
    await saving;
    expect(isDirty(active())).toBe(true);
    expect(files.get("workflows/a.json")).not.toContain("Added");
    useWorkspace.getState().undo();
    expect(isDirty(active())).toBe(false);
  });

  it("is done later if the server is away, and leaves the workflow unsaved until then", async () => {
    const stop = startRetrying();
    useRun.setState({ connection: "lost" });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    edit();
    expect(await saveActiveAs("a")).toBe(false);
    expect(isDirty(active())).toBe(true);

    vi.stubGlobal("fetch", serveFiles);
    useRun.setState({ connection: "open" });
    await vi.waitFor(() => expect(isDirty(active())).toBe(false));
    expect(files.get("workflows/a.json")).toContain("Added");
    stop();
  });
});

describe("a file that somebody else saved meanwhile", () => {
  beforeEach(async () => {
    files.set("workflows/a.json", EMPTY);
    await openSaved("workflows/a.json");
    files.set("workflows/a.json", THEIRS);
    edit();
  });

  it("is left alone, and so is the tab, if the question has no answer", async () => {
    const saving = saveActive();
    await asked();
    answer(null);
    expect(await saving).toBe(false);
    expect(files.get("workflows/a.json")).toBe(THEIRS);
    expect(isDirty(active())).toBe(true);
  });

  it("is replaced if that is wanted, and may be saved without a question from then on", async () => {
    const saving = saveActive();
    await asked();
    answer("replace");
    expect(await saving).toBe(true);
    expect(files.get("workflows/a.json")).toContain("Added");
    edit(2);
    expect(await saveActive()).toBe(true);
  });

  it("stays beside a copy", async () => {
    const saving = saveActive();
    await asked();
    answer("copy");
    await vi.waitFor(() => expect(useQuestion.getState().asked?.field?.value).toBe("a (2)"));
    answer("yes", "a (2)");
    expect(await saving).toBe(true);
    expect(files.get("workflows/a.json")).toBe(THEIRS);
    expect(active().path).toBe("workflows/a (2).json");
  });

  it("can be looked at in a tab of its own", async () => {
    const { id } = active();
    const saving = saveActive();
    await asked();
    answer("look");
    expect(await saving).toBe(false);
    expect(active()).toMatchObject({ name: "a (library)", path: null });
    expect(active().doc.groups["1"]?.title).toBe("Theirs");
    expect(isDirty(useWorkspace.getState().tabs.find((tab) => tab.id === id)!)).toBe(true);
  });

  it("is made anew if it was deleted, without a question", async () => {
    files.delete("workflows/a.json");
    expect(await saveActive()).toBe(true);
    expect(files.get("workflows/a.json")).toContain("Added");
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
    expect(files.has("workflows/a.json")).toBe(false);
    expect(active().path).toBeNull();
    expect(isDirty(active())).toBe(true);
  });

  it("puts back what was deleted", async () => {
    const removing = removeSaved("workflows/a.json");
    answer("yes");
    await removing;
    const [trashed] = useLibrary.getState().trash;
    expect(trashed).toMatchObject({ place: "a" });
    await putBack(trashed!);
    expect([...files]).toEqual([["workflows/a.json", EMPTY]]);
  });

  it("deletes for good what is in the trash, and its picture, after asking", async () => {
    files.set("wireloom/thumbnails/a.webp", "picture");
    const removing = removeSaved("workflows/a.json");
    answer("yes");
    await removing;
    const emptying = emptyTrash(useLibrary.getState().trash);
    answer("yes");
    await emptying;
    expect([...files]).toEqual([]);
  });

  it("takes the picture along to another name", async () => {
    files.set("wireloom/thumbnails/a.webp", "picture");
    await refreshLibrary();
    const renaming = renameSaved("workflows/a.json");
    answer("yes", "b");
    await renaming;
    expect(files.get("wireloom/thumbnails/b.webp")).toBe("picture");
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
async function serveFiles(address: string, init: RequestInit): Promise<Response> {
  const { pathname, searchParams } = new URL(address);
  const [, from = "", to] =
    /\/userdata\/([^/]+)(?:\/move\/([^/]+))?/.exec(pathname)?.map((part) => part && decodeURIComponent(part)) ?? [];
  const { method } = init;
  if (method === "POST") return stored(from, to, searchParams.get("overwrite") === "true", init);
  if (method === "GET" && from && !files.has(from)) return new Response("there is none", { status: 404 });
  if (method === "GET" && from) return new Response(files.get(from), { headers: tag(from) });
  if (method === "GET") return Response.json(listed(searchParams.get("dir")!));
  return new Response(null, { status: files.delete(from) ? 204 : 404 });
}

function stored(from: string, to: string | undefined, overwrite: boolean, { body, headers }: RequestInit): Response {
  const target = to ?? from;
  if (files.has(target) && !overwrite) return new Response("there is one", { status: 409 });
  const expected = (headers as Record<string, string>)["If-Match"];
  if (expected && !(files.has(target) && tag(target).ETag === expected))
    return new Response("it was changed", { status: 412 });
  files.set(target, to === undefined ? String(body) : files.get(from)!);
  if (to !== undefined) files.delete(from);
  return Response.json({ path: target }, { headers: tag(target) });
}

function tag(path: string): Record<string, string> {
  return { ETag: `"${files.get(path)!.length}"` };
}

function listed(folder: string): object[] {
  const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  return inside.map((path) => ({ path: path.slice(folder.length + 1), modified: 1 }));
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

function edit(id = 1): void {
  const after = { id, title: "Added", bounding: [0, 0, 1, 1], rest: {} } as const;
  useWorkspace.getState().edit("Add group", [{ of: "groups", id, before: null, after }]);
}
