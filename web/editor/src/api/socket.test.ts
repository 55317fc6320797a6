import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { emptyDoc } from "../graph/ops";
import { useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { EMPTY_SERVER, fakeObjectUrls, fakeServer, FakeSocket, NO_JOBS, previewFrame, reply } from "./fakes";
import { clientId, newUuid } from "./ids";
import { startSocket } from "./socket";
import { accepted, expectJob } from "./tracks";

let stop: () => void;
let tab: string;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  FakeSocket.made = [];
  fakeObjectUrls();
  fakeServer(EMPTY_SERVER);
  tab = useWorkspace.getState().open("test", emptyDoc());
  useRun.setState({ connection: "connecting", remaining: 0 });
});
afterEach(async () => {
  stop();
  await vi.runOnlyPendingTimersAsync();
  vi.useRealTimers();
});

/** The socket is open, and all that follows from that is done. */
async function opened(): Promise<FakeSocket> {
  FakeSocket.last.onopen?.();
  await vi.advanceTimersByTimeAsync(500);
  return FakeSocket.last;
}

async function connected(): Promise<FakeSocket> {
  stop = startSocket();
  return opened();
}

/** The connection breaks, and is there again. */
async function reconnected(): Promise<FakeSocket> {
  FakeSocket.last.onclose?.();
  await vi.advanceTimersByTimeAsync(400);
  return opened();
}

/** A job of this tab that the server has taken; `started` if it runs already. */
function job({ started }: { started: boolean }): string {
  const id = newUuid();
  accepted(expectJob(id, tab, new Set(["1", "2"])), []);
  if (started) FakeSocket.last.say("execution_start", { prompt_id: id, timestamp: 1 });
  return id;
}

/** What a server says of a job that waits. */
function waiting(id: string): Record<string, unknown> {
  const job = { id, status: "pending", priority: 1, create_time: 1 };
  return { "GET /api/jobs": { jobs: [job], pagination: {} }, [`GET /api/jobs/${id}`]: job };
}

const run = () => useRun.getState().runs[tab];

test("it says first what it can do, and who it is", async () => {
  const socket = await connected();
  expect(socket.url).toBe(`ws://localhost:3000/ws?clientId=${clientId()}`);
  expect(socket.sent).toEqual([{ type: "feature_flags", data: { supports_preview_metadata: true } }]);
  expect(useRun.getState().connection).toBe("open");
  expect(useSpecs.getState().state).toBe("ready");
});

test("messages and previews reach the tab's run, and the length of the queue is told", async () => {
  const socket = await connected();
  const id = job({ started: true });
  socket.say("executing", { node: "1", display_node: "1", prompt_id: id });
  socket.onmessage?.({
    data: previewFrame({ prompt_id: id, node_id: "1", display_node_id: "1", image_type: "image/png" }),
  });
  socket.say("status", { status: { exec_info: { queue_remaining: 3 } } });
  expect(run()?.nodes["1"]).toMatchObject({ state: "running", preview: "blob:1" });
  expect(useRun.getState().remaining).toBe(3);
});

test("a lost connection is told, and tried again, more and more rarely, under the same name", async () => {
  await connected();
  FakeSocket.last.onclose?.();
  expect(useRun.getState().connection).toBe("lost");
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const count = FakeSocket.made.length;
    const from = Date.now();
    while (FakeSocket.made.length === count) await vi.advanceTimersByTimeAsync(100);
    waits.push(Date.now() - from);
    FakeSocket.last.onclose?.();
  }
  expect(waits).toEqual([300, 600, 1200, 2400, 4800, 9600, 10000, 10000]);
  expect(new Set(FakeSocket.made.map(({ url }) => url)).size).toBe(1);
  expect(useRun.getState().connection).toBe("lost");
});

test("when the network is back, it does not wait any longer", async () => {
  await connected();
  FakeSocket.last.onclose?.();
  window.dispatchEvent(new Event("online"));
  expect(FakeSocket.made).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(FakeSocket.made).toHaveLength(2);
});

test("after it was stopped, it stays away", async () => {
  const socket = await connected();
  stop();
  expect(socket.closed).toBe(true);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(FakeSocket.made).toHaveLength(1);
});

test("a job that ended while nothing was heard has its outputs", async () => {
  await connected();
  const id = job({ started: true });
  const detail = { id, status: "completed", execution_end_time: 9, outputs: { 2: { text: ["x"] } } };
  const nodes = { 1: { type: "T", how: "ran", seconds: 2, shown_as: "1", parent: null, causes: [] } };
  fakeServer({ ...EMPTY_SERVER, [`GET /api/jobs/${id}`]: detail, [`GET /api/explain/${id}`]: { nodes } });
  await reconnected();
  expect(run()).toEqual({
    jobId: id,
    state: "succeeded",
    startedAt: 1,
    endedAt: 9,
    nodes: { 1: { state: "done", seconds: 2 }, 2: { state: "done", output: { text: ["x"] } } },
  });
});

test("of jobs that ended meanwhile, the newest is shown, until the next starts", async () => {
  await connected();
  const [first, second, third] = [job({ started: true }), job({ started: false }), job({ started: false })];
  const ended = (id: string) => ({ [`GET /api/jobs/${id}`]: { id, status: "completed", execution_end_time: 9 } });
  const queue = { queue_running: [], queue_pending: [[1, third, {}, {}, []]] };
  fakeServer({ ...EMPTY_SERVER, "GET /api/queue": queue, ...ended(first), ...ended(second), ...waiting(third) });
  const socket = await reconnected();
  expect(run()).toMatchObject({ jobId: second, state: "succeeded" });
  socket.say("execution_start", { prompt_id: third, timestamp: 10 });
  expect(run()).toMatchObject({ jobId: third, state: "running" });
});

test("a job that failed meanwhile has its fault", async () => {
  await connected();
  const id = job({ started: true });
  const execution_error = {
    node_id: "2",
    exception_message: "boom\n",
    exception_type: "E",
    traceback: [],
    timestamp: 9,
  };
  fakeServer({ ...EMPTY_SERVER, [`GET /api/jobs/${id}`]: { id, status: "failed", execution_error } });
  await reconnected();
  expect(run()).toMatchObject({ state: "failed", nodes: { 2: { state: "error" } } });
  expect(useRun.getState().faults[tab]).toMatchObject([{ node: "2", message: "boom" }]);
});

test("a job that runs on goes on from where it is", async () => {
  await connected();
  const id = job({ started: true });
  const at = "2026-01-01T00:00:00.000Z";
  const event = (name: string, data: object) => `id: 1-1\nevent: ${name}\ndata: ${JSON.stringify({ at, ...data })}\n\n`;
  const of = (id: string) => ({ node_id: id, workflow_node_id: id });
  const log = [
    event("queued", {}),
    event("started", { attempt: 1 }),
    event("node_started", of("1")),
    event("node_finished", { ...of("1"), how: "ran", seconds: 1, files: [], data: { text: ["x"] } }),
    event("node_started", of("2")),
    event("progress", { ...of("2"), value: 3, total: 20 }),
  ];
  fakeServer({
    ...EMPTY_SERVER,
    "GET /api/queue": { queue_running: [[1, id, {}, {}, []]], queue_pending: [] },
    [`GET /v1/jobs/${id}/events`]: () => new Response(log.join("")),
  });
  const socket = await reconnected();
  expect(run()?.nodes).toEqual({
    1: { state: "done", seconds: 0, output: { text: ["x"] } },
    2: { state: "running", since: Date.parse(at), value: 3, max: 20 },
  });
  socket.say("progress", { prompt_id: id, node: "2", value: 4, max: 20 });
  expect(run()?.nodes["2"]).toMatchObject({ value: 4 });
});

test("a page that was loaded again finds the jobs of its tabs", async () => {
  const [mine, other] = [newUuid(), newUuid()];
  const item = (id: string, client_id: string) => [1, id, {}, { client_id, wireloom_tab: tab }, []];
  fakeServer({
    ...EMPTY_SERVER,
    "GET /api/queue": { queue_running: [item(mine, clientId())], queue_pending: [item(other, "another page")] },
    [`GET /api/jobs/${mine}`]: { id: mine, status: "in_progress" },
  });
  await connected();
  expect(run()).toMatchObject({ jobId: mine, state: "running" });
  expect(useRun.getState().tabOf).not.toHaveProperty(other);
});

test("a job that is taken out of the queue no longer waits", async () => {
  const socket = await connected();
  const id = job({ started: false });
  expect(run()?.state).toBe("pending");
  fakeServer({ ...EMPTY_SERVER, ...waiting(id) });
  socket.say("status", { status: { exec_info: { queue_remaining: 1 } } });
  await vi.advanceTimersByTimeAsync(500);
  expect(run()?.state).toBe("pending");
  fakeServer({ ...EMPTY_SERVER, "GET /api/jobs": NO_JOBS, [`GET /api/jobs/${id}`]: () => reply({}, 404) });
  socket.say("status", { status: { exec_info: { queue_remaining: 0 } } });
  await vi.advanceTimersByTimeAsync(500);
  expect(run()).toMatchObject({ state: "cancelled", nodes: {} });
});

test("the node types are asked for when it is back, and not again at the start", async () => {
  const asked = fakeServer(EMPTY_SERVER);
  const askedTypes = () => asked.filter(({ path }) => path === "/api/object_info").length;
  useSpecs.setState({ state: "ready" });
  await connected();
  expect(askedTypes()).toBe(0);
  await reconnected();
  expect(askedTypes()).toBe(1);
});
