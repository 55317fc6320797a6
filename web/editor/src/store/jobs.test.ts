import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeServer, NO_JOBS, type Request } from "../api/fakes";
import { cancelJob, clearQueue, refreshJobs, refreshJobsSoon, useJobs } from "./jobs";

const job = (id: string, status: string, priority = 0) => ({ id, status, priority, create_time: 1, outputs_count: 0 });
const listing = (...jobs: object[]) => ({ jobs, pagination: {} });
const isQueue = ({ path }: Request) => path.includes("pending");

beforeEach(() => {
  useJobs.setState({ queue: [], history: [], state: "loading" });
});
afterEach(() => {
  vi.useRealTimers();
});

test("the queue is in the order in which it will run, the history has the newest first", async () => {
  const waiting = [job("late", "pending", 3), job("front", "pending", -1), job("now", "in_progress", 2)];
  const asked = fakeServer({
    "GET /api/jobs": (request: Request) => (isQueue(request) ? listing(...waiting) : listing(job("old", "failed"))),
  });
  await refreshJobs();
  expect(useJobs.getState()).toMatchObject({ state: "ready", history: [{ id: "old" }] });
  expect(useJobs.getState().queue.map(({ id }) => id)).toEqual(["now", "front", "late"]);
  expect(asked.every(({ path }) => path.includes("limit=200"))).toBe(true);
});

test("jobs that have not changed keep their object", async () => {
  let [first, second] = [job("a", "completed"), job("b", "completed")];
  fakeServer({ "GET /api/jobs": (request: Request) => (isQueue(request) ? NO_JOBS : listing(first, second)) });
  await refreshJobs();
  const before = useJobs.getState().history;
  second = { ...second, outputs_count: 5 };
  await refreshJobs();
  const after = useJobs.getState().history;
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toMatchObject({ outputs_count: 5 });
});

test("many changes at once are one request, and one during a request is not lost", async () => {
  vi.useFakeTimers();
  const asked = fakeServer({ "GET /api/jobs": NO_JOBS });
  for (let i = 0; i < 5; i++) refreshJobsSoon();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(2); // the queue and the history
  const running = refreshJobs();
  await Promise.all([running, refreshJobs(), refreshJobs()]);
  expect(asked).toHaveLength(6);
});

test("a server that does not answer leaves the list as it was", async () => {
  fakeServer({ "GET /api/jobs": listing(job("a", "completed")) });
  await refreshJobs();
  fakeServer({});
  await refreshJobs();
  expect(useJobs.getState()).toMatchObject({ state: "failed", history: [{ id: "a" }] });
});

test("cancelling one and clearing the queue are seen at once", async () => {
  const asked = fakeServer({
    "GET /api/jobs": NO_JOBS,
    "POST /api/jobs/a/cancel": { cancelled: true },
    "POST /api/queue": () => new Response(""),
  });
  await cancelJob("a");
  await clearQueue();
  expect(asked.filter(({ method }) => method === "POST")).toMatchObject([
    { path: "/api/jobs/a/cancel" },
    { path: "/api/queue", body: { clear: true } },
  ]);
  expect(useJobs.getState().state).toBe("ready");
});
