import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeMine, openShare, startShareLinks } from "./shared";
import { useLibrary } from "../files/library";
import { emptyDoc } from "../graph/ops";
import { runActive } from "../panels/run_actions";
import { activeTab, isDirty, newTab, useWorkspace } from "../store/workspace";

const GROUP = { id: 1, title: "Theirs", bounding: [0, 0, 9, 9] };
const PICTURE = "/v1/shares/token/files/picture.webp";
const SHARED = { nodes: [], links: [], groups: [GROUP], version: 0.4 };

let saved: Map<string, string>;
let asked: string[];

beforeEach(() => {
  saved = new Map();
  asked = [];
  vi.stubGlobal("fetch", answer);
  HTMLCanvasElement.prototype.getContext = () => null; // jsdom draws nothing
  const tab = newTab("Untitled", emptyDoc());
  useWorkspace.setState({ tabs: [tab], active: tab.id, refused: 0 });
  useLibrary.setState({ state: "ready", files: [] });
});

afterEach(() => {
  vi.unstubAllGlobals();
  history.replaceState(null, "", "/");
});

it("opens what is shared once, to be looked at", async () => {
  await openShare("token");
  await openShare("token");
  expect(useWorkspace.getState().tabs.map(({ name, shared }) => [name, shared?.token])).toEqual([
    ["their: cat", "token"],
  ]);
});

it("lets nothing be changed or run, and says so", async () => {
  await openShare("token");
  const { doc } = activeTab(useWorkspace.getState());
  const after = { id: 2, title: "Mine", bounding: [0, 0, 1, 1], rest: {} } as const;
  useWorkspace.getState().edit("Add group", [{ of: "groups", id: 2, before: null, after }]);
  await runActive();
  const tab = activeTab(useWorkspace.getState());
  expect(tab.doc).toBe(doc);
  expect(isDirty(tab)).toBe(false);
  expect(useWorkspace.getState().refused).toBe(2);
  expect(asked.some((path) => path.includes("prompt"))).toBe(false);
});

it("is made one's own under a name that is free and fit, with its picture, and can be changed then", async () => {
  saved.set("workflows/their_ cat.json", "{}");
  await openShare("token");
  expect(await makeMine(activeTab(useWorkspace.getState()).id)).toBe(true);
  const path = "workflows/their_ cat (2).json";
  expect(saved.get(path)).toContain("Copied");
  expect(saved.get("wireloom/thumbnails/their_ cat (2).webp")).toBeDefined();
  const { tabs } = useWorkspace.getState();
  expect(tabs.map((tab) => [tab.path, tab.shared])).toEqual([[path, undefined]]);
  expect(saved.get("workflows/their_ cat.json")).toBe("{}");
});

it("is shown when the address says so, and not again once it was closed", async () => {
  history.replaceState(null, "", "/#share=token");
  const stop = startShareLinks();
  await vi.waitFor(() => expect(activeTab(useWorkspace.getState()).shared?.token).toBe("token"));
  useWorkspace.getState().close(useWorkspace.getState().active);
  expect(location.hash).toBe("");
  stop();
});

it("that is gone is told, and nothing is opened", async () => {
  const before = useWorkspace.getState().tabs;
  await openShare("revoked");
  expect(useWorkspace.getState().tabs).toBe(before);
});

async function answer(address: string, { method, body }: RequestInit): Promise<Response> {
  const { pathname } = new URL(address);
  asked.push(pathname);
  if (pathname.endsWith("/v1/shares/token"))
    return Response.json({ name: "their: cat", workflow: SHARED, picture: PICTURE, files: [] });
  if (pathname.endsWith("object_info")) return Response.json({});
  if (pathname.endsWith("/copy"))
    return Response.json({ workflow: { ...SHARED, groups: [{ ...GROUP, title: "Copied" }] }, inputs: {} });
  if (pathname.endsWith("picture.webp")) return new Response("picture");
  const path = decodeURIComponent(/\/userdata\/([^/]+)/.exec(pathname)?.[1] ?? "");
  if (method === "POST" && path) {
    saved.set(path, String(body));
    return Response.json({ path });
  }
  if (path && saved.has(path)) return new Response(saved.get(path)!);
  if (pathname.endsWith("/userdata")) return Response.json(listed(new URL(address).searchParams.get("dir")!));
  return Response.json({ error: { message: "gone", details: "" } }, { status: 404 });
}

function listed(folder: string): object[] {
  const inside = [...saved.keys()].filter((path) => path.startsWith(`${folder}/`));
  return inside.map((path) => ({ path: path.slice(folder.length + 1), modified: 1 }));
}
