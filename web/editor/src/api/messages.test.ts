import { afterEach, beforeEach, expect, test, vi } from "vitest";
import examples from "../../../../tests/conformance/examples.json";
import { useExplain } from "../store/explain";
import { useRun, type NodeRun, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { fakeObjectUrls, fakeServer, NO_JOBS, previewFrame } from "./fakes";
import { previewIn, textIn } from "./frames";
import { newUuid } from "./ids";
import { hear, hearText, seePreview } from "./messages";
import { accepted, expectJob, followTabs } from "./tracks";

interface Said {
  readonly type?: string;
  readonly data?: Record<string, unknown>;
  readonly binary_event?: number;
  readonly metadata?: string;
}

const CASES = examples.run_cases as unknown as Record<string, { prompt: object; messages: Said[] }>;
let tab = "";
let jobId = "";
let urls = new Set<string>();
let stop = () => {};

beforeEach(() => {
  urls = fakeObjectUrls();
  stop = followTabs();
  fakeServer({ "GET /api/jobs": NO_JOBS });
  tab = useWorkspace.getState().open("test", useWorkspace.getState().tabs[0]!.doc);
  jobId = newUuid();
});

afterEach(() => stop());

/** Wait for a job of these nodes. */
function expecting(...nodes: string[]): void {
  accepted(expectJob(jobId, tab, new Set(nodes)), []);
}

/** Hear what ComfyUI said, as the job of this test. */
function hearAll(messages: readonly Said[], each: () => void = () => undefined): void {
  for (const message of messages) {
    const {
      type,
      data,
      binary_event,
      metadata = "{}",
    } = JSON.parse(JSON.stringify(message).replaceAll("<prompt_id>", jobId).replaceAll('"<ms>"', "1000")) as Said;
    if (type) hear({ type, data });
    if (binary_event === 4) seePreview(previewIn(previewFrame(JSON.parse(metadata) as object))!);
    each();
  }
}

const run = (): TabRun => useRun.getState().runs[tab]!;
const node = (id: string): NodeRun | undefined => run().nodes[id];
const states = () => Object.fromEntries(Object.entries(run().nodes).map(([id, { state }]) => [id, state]));
const tell = (type: string, data: object) => hear({ type, data: { ...data, prompt_id: jobId } });

/** A job of the nodes 1 and 2, of which 1 runs. */
function running(): void {
  expecting("1", "2");
  tell("execution_start", { timestamp: 1 });
  tell("executing", { node: "1", display_node: "1" });
}

test("nodes wait, run with progress and previews, and are done", () => {
  expecting("1", "2", "3");
  expect(states()).toEqual({ 1: "waiting", 2: "waiting", 3: "waiting" });
  const seen: (NodeRun | undefined)[] = [];
  hearAll(CASES.ok!.messages, () => seen.push(node("2")));
  expect(seen).toContainEqual({ state: "running", since: expect.any(Number), value: 1, max: 2, preview: "blob:1" });
  expect(states()).toEqual({ 1: "done", 2: "done", 3: "done" });
  expect(node("3")?.output).toEqual({ text: ["2"] });
  expect(run()).toMatchObject({ state: "succeeded", startedAt: 1000, endedAt: 1000 });
});

test("previews are let go of when the next comes, and when the node is done", () => {
  expecting("1", "2", "3");
  const counts: number[] = [];
  hearAll(CASES.ok!.messages, () => counts.push(urls.size));
  expect(Math.max(...counts)).toBe(1);
  expect(urls.size).toBe(0);
});

test("a preview without metadata belongs to the node that runs", () => {
  running();
  seePreview(previewIn(new Uint8Array([0, 0, 0, 1, 0, 0, 0, 2, 137, 80]).buffer)!);
  expect(node("1")?.preview).toBe("blob:1");
});

test("remembered nodes are marked so, and show what they showed", () => {
  expecting("1", "2", "3");
  hearAll(CASES.ok_cached!.messages);
  expect(states()).toEqual({ 1: "cached", 2: "cached", 3: "cached" });
  expect(node("3")?.output).toEqual({ text: ["2"] });
});

test("what a node expands into counts for that node", () => {
  const ids = Object.keys(CASES.expand!.prompt);
  expecting(...ids);
  const seen = new Set<string>();
  hearAll(CASES.expand!.messages, () => Object.keys(run().nodes).forEach((id) => seen.add(id)));
  expect([...seen].sort()).toEqual(ids.sort());
  expect(new Set(Object.values(states()))).toEqual(new Set(["done"]));
});

test("what fails is told at its node, and what was to come no longer waits", () => {
  expecting("1", "2", "3");
  hearAll(CASES.err!.messages);
  expect(states()).toEqual({ 1: "done", 2: "error" });
  expect(run().state).toBe("failed");
  expect(useRun.getState().faults[tab]).toMatchObject([{ node: "2", input: null, message: "boom" }]);
});

test("a node that is blocked is told of, and the job goes on", () => {
  expecting("1", "2", "3");
  hearAll(CASES.block_msg!.messages);
  expect(useRun.getState().faults[tab]).toHaveLength(1);
  expect(node("3")?.state).toBe("error");
  expect(run().state).toBe("succeeded");
});

test("an interrupted job is cancelled, and nothing runs any more", () => {
  running();
  tell("execution_interrupted", { node_id: "1", timestamp: 5 });
  expect(run()).toMatchObject({ state: "cancelled", nodes: {}, endedAt: 5 });
});

test("only the node that a message is about gets a new object", () => {
  running();
  const before = run().nodes;
  const other = { node_id: "2", display_node_id: "2", parent_node_id: null, real_node_id: "2" };
  tell("progress_state", { nodes: { 2: { value: 3, max: 9, state: "running", ...other } } });
  expect(node("1")).toBe(before["1"]);
  expect(node("2")).toMatchObject({ state: "running", value: 3, max: 9 });
  const now = run();
  tell("progress", { node: "2", value: 3, max: 9 });
  expect(run()).toBe(now);
});

test("nodes inside of a subgraph count for it, one after the other", () => {
  expecting("5");
  tell("execution_start", { timestamp: 1 });
  tell("execution_cached", { nodes: ["5:1"] });
  expect(states()).toEqual({ 5: "cached" });
  tell("executing", { node: "5:2", display_node: "5:2" });
  tell("progress", { node: "5:2", value: 4, max: 8 });
  expect(run().nodes).toEqual({ 5: { state: "running", since: expect.any(Number), value: 4, max: 8 } });
  tell("executed", { node: "5:2", display_node: "5:2", output: { text: ["a"] } });
  tell("executed", { node: "5:3", display_node: "5:3", output: { text: ["b"] } });
  expect(node("5")?.output).toEqual({ text: ["a", "b"] });
});

test("a picture of the run before stays until there is another", () => {
  running();
  tell("executed", { node: "1", display_node: "1", output: { images: ["old"] } });
  tell("execution_success", { timestamp: 2 });
  jobId = newUuid();
  expecting("1");
  expect(node("1")).toEqual({ state: "waiting", output: { images: ["old"] } });
  tell("execution_start", { timestamp: 3 });
  tell("executed", { node: "1", display_node: "1", output: { images: ["new"] } });
  expect(node("1")?.output).toEqual({ images: ["new"] });
});

test("of several jobs of a tab, the one under way is shown", () => {
  running();
  const [first, second] = [jobId, newUuid()];
  jobId = second;
  expecting("1");
  expect(run().jobId).toBe(first);
  hear({ type: "execution_success", data: { prompt_id: first, timestamp: 2 } });
  tell("execution_start", { timestamp: 3 });
  expect(run()).toMatchObject({ jobId: second, state: "running" });
});

test("jobs of a tab that was closed, and of others, say nothing", () => {
  running();
  seePreview(previewIn(previewFrame({ prompt_id: jobId, node_id: "1", display_node_id: "1" }))!);
  useWorkspace.getState().close(tab);
  expect(urls.size).toBe(0);
  tell("executed", { node: "1", display_node: "1", output: { text: ["x"] } });
  tell("executing", { node: null });
  hear({ type: "unheard-of", data: {} });
  expect(useRun.getState().runs[tab]).toBeUndefined();
  expect(Object.values(useRun.getState().tabOf)).not.toContain(tab);
});

test("when a job is over, its explanation completes what was heard", async () => {
  const account = { type: "T", shown_as: null, parent: null, causes: [] };
  const causes = [{ kind: "input", input: "v", node: null, before: 1, now: 2 }];
  const nodes = {
    1: { ...account, how: "memory", seconds: 0 },
    2: { ...account, how: "ran", seconds: 1.5, causes },
    "2.0.0.1": { ...account, how: "ran", seconds: 0.5, shown_as: "2", parent: "2" },
  };
  fakeServer({ "GET /api/jobs": NO_JOBS, [`GET /api/explain/${jobId}`]: { prompt_id: jobId, nodes } });
  running();
  tell("execution_success", { timestamp: 2 });
  tell("executing", { node: null });
  await vi.waitFor(() => expect(useExplain.getState().accounts[tab]).toBeDefined());
  expect(useExplain.getState().accounts[tab]).toMatchObject({
    1: { how: "memory" },
    2: { how: "ran", seconds: 2, causes },
  });
  expect(run().nodes).toEqual({ 1: { state: "cached" }, 2: { state: "done", seconds: 2 } });
});

test("what a node says of itself is with it while it runs", () => {
  running();
  const frame = (node: string, text: string) => {
    const [id, said] = [new TextEncoder().encode(node), new TextEncoder().encode(text)];
    const data = new Uint8Array(8 + id.length + said.length);
    new DataView(data.buffer).setUint32(0, 3);
    new DataView(data.buffer).setUint32(4, id.length);
    data.set(id, 8);
    data.set(said, 8 + id.length);
    return data.buffer;
  };
  hearText(textIn(frame("1", "Reading 3 of 5 – ok"))!);
  hearText(textIn(frame("9", "somebody else's"))!);
  expect(node("1")?.says).toBe("Reading 3 of 5 – ok");
  expect(run().nodes).not.toHaveProperty("9");
  tell("progress", { node: "1", value: 1, max: 2 });
  expect(node("1")).toMatchObject({ says: "Reading 3 of 5 – ok", value: 1 });
  tell("executing", { node: "2", display_node: "2" });
  tell("progress_state", { nodes: { 1: { state: "finished", value: 1, max: 1 } } });
  expect(node("1")).not.toHaveProperty("says");
  expect(textIn(previewFrame({}))).toBeNull();
});
