import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { emptyDoc } from "../graph/ops";
import { useRun } from "../store/run";
import { newTab, useWorkspace } from "../store/workspace";
import { draftIn } from "./draft";
import { isDrafted, sendDrafts, startDrafts } from "./drafts";

let drafts: Map<string, string>;
let writes: number;
let stop: () => void;

beforeEach(() => {
  drafts = new Map();
  writes = 0;
  vi.stubGlobal("fetch", serve);
  useRun.setState({ connection: "open" });
  const tab = newTab("a", emptyDoc());
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  stop = startDrafts("session");
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

it("keeps what is not saved, once for each state, and only that", async () => {
  edit(1);
  useWorkspace.getState().open("clean", emptyDoc());
  await sendDrafts();
  await sendDrafts();
  expect(writes).toBe(1);
  const [tab] = useWorkspace.getState().tabs;
  expect([...drafts.values()].map(draftIn)).toEqual([{ tab }]);
  expect(isDrafted(tab!)).toBe(true);
});

it("lets go of what is saved, and of what is closed", async () => {
  edit(1);
  const [first] = useWorkspace.getState().tabs;
  const second = useWorkspace.getState().open("second", emptyDoc());
  edit(2);
  await sendDrafts();
  expect(drafts.size).toBe(2);
  useWorkspace.getState().markSaved(first!.id);
  useWorkspace.getState().close(second);
  await sendDrafts();
  expect(drafts.size).toBe(0);
});

it("sends what was done while the server was away when it is back", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
  useRun.setState({ connection: "lost" });
  edit(1);
  await sendDrafts();
  expect(isDrafted(useWorkspace.getState().tabs[0]!)).toBe(false);
  vi.stubGlobal("fetch", serve);
  useRun.setState({ connection: "open" });
  await vi.waitFor(() => expect(drafts.size).toBe(1));
});

async function serve(address: string, { method, body }: RequestInit): Promise<Response> {
  const path = decodeURIComponent(new URL(address).pathname.split("/userdata/")[1]!);
  if (method === "DELETE") return new Response(null, { status: drafts.delete(path) ? 204 : 404 });
  writes += 1;
  drafts.set(path, String(body));
  return Response.json({ path });
}

function edit(id: number): void {
  const after = { id, title: "Added", bounding: [0, 0, 1, 1], rest: {} } as const;
  useWorkspace.getState().edit("Add group", [{ of: "groups", id, before: null, after }]);
}
