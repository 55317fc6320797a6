import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useQuestion } from "../files/ask";
import { openSaved } from "../files/open";
import { emptyDoc } from "../graph/ops";
import { activeTab, newTab, useWorkspace } from "../store/workspace";
import { nameVersion, restore, showVersions, useVersions } from "./versions";

const PATH = "workflows/deep/a.json";
const OLD = { id: "1f", saved: "2026-01-02T03:04:05.678Z", bytes: 3, name: null };

let content: string;
let asked: [string, unknown][];

beforeEach(async () => {
  content = withGroup("New");
  asked = [];
  vi.stubGlobal("fetch", answer);
  const tab = newTab("Untitled", emptyDoc());
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  await openSaved(PATH);
});

afterEach(() => vi.unstubAllGlobals());

it("lists the versions of a workflow by its name with its folders", async () => {
  await showVersions(PATH);
  expect(useVersions.getState()).toEqual({ path: PATH, versions: [OLD], current: null });
  expect(asked.at(-1)![0]).toBe("GET /v1/versions?workflow=deep%2Fa");
});

it("restores one, and the tab shows it", async () => {
  await restore(PATH, OLD);
  const { tabs } = useWorkspace.getState();
  expect(tabs.map(({ path }) => path)).toEqual([PATH]);
  expect(activeTab(useWorkspace.getState()).doc.groups).toMatchObject({ 1: { title: "Old" } });
});

it("asks before it takes the place of what is not saved", async () => {
  const after = { id: 2, title: "Mine", bounding: [0, 0, 1, 1], rest: {} } as const;
  useWorkspace.getState().edit("Add group", [{ of: "groups", id: 2, before: null, after }]);
  const restoring = restore(PATH, OLD);
  useQuestion.getState().asked!.reply(null);
  await restoring;
  expect(asked.some(([request]) => request.includes("restore"))).toBe(false);
  expect(activeTab(useWorkspace.getState()).doc.groups).toMatchObject({ 2: { title: "Mine" } });
});

it("names a version, takes its name away, and keeps what is saved now under a name", async () => {
  for (const [version, typed, request, body] of [
    [OLD, " first ", "PATCH /v1/versions/1f?workflow=deep%2Fa", { name: "first" }],
    [OLD, "", "PATCH /v1/versions/1f?workflow=deep%2Fa", { name: null }],
    [null, "now", "POST /v1/versions?workflow=deep%2Fa", { name: "now" }],
  ] as const) {
    const naming = nameVersion(PATH, version);
    const { reply, field } = useQuestion.getState().asked!;
    expect(field!.refuse("")).toBe(version ? null : "A name is needed.");
    reply({ answer: "yes", value: typed });
    await naming;
    expect(asked).toContainEqual([request, body]);
  }
});

function withGroup(title: string): string {
  return JSON.stringify({ nodes: [], links: [], groups: [{ id: 1, title, bounding: [0, 0, 9, 9] }], version: 0.4 });
}

async function answer(address: string, { method, body }: RequestInit): Promise<Response> {
  const { pathname, search } = new URL(address);
  asked.push([`${method} ${pathname}${search}`, body && pathname.startsWith("/v1") ? JSON.parse(String(body)) : null]);
  if (pathname.endsWith("/restore")) content = withGroup("Old");
  if (pathname.includes("userdata/")) return new Response(content, { headers: { ETag: '"x"' } });
  if (pathname === "/v1/versions" && method === "GET") return Response.json({ current: null, versions: [OLD] });
  return Response.json({});
}
