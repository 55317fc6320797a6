import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useSpeech } from "../shell/speech";
import { useRun, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { faultsText, progressText, startTellingRuns, stateText } from "./tell_run";

const run = (part: Partial<TabRun>): TabRun => ({ jobId: "a", state: "running", nodes: {}, ...part });
const drawing = (value: number) => run({ nodes: { 3: { state: "running", value, max: 20 } } });
const titleOf = (id: string) => `Node ${id}`;

test("the end tells of time and pictures, or that nothing had to be done", () => {
  const output = { images: [{ filename: "a.png" }, { filename: "b.png" }] };
  const ended = run({ state: "succeeded", startedAt: 1000, endedAt: 3000, nodes: { 1: { state: "done", output } } });
  expect(stateText(ended, 0)).toBe("The run has ended well, after 2.0 s, with 2 pictures");
  expect(stateText(run({ state: "succeeded", nodes: { 1: { state: "cached" } } }), 0)).toBe(
    "The run is over: nothing had changed",
  );
  expect(stateText(run({ state: "pending" }), 3)).toBe("The run waits: 3 in the queue");
});

test("progress is the node at work and its quarters", () => {
  expect(progressText(drawing(9), titleOf)).toBe("Node 3, 25 %");
  expect(progressText(drawing(10), titleOf)).toBe("Node 3, 50 %");
  expect(progressText(run({ nodes: { 1: { state: "running" } } }), titleOf)).toBe("Node 1");
  expect(progressText(run({}), titleOf)).toBeNull();
});

test("problems are told with their number, and the first with its place", () => {
  const fault = { node: "3", input: "model", message: "Nothing is connected", details: "" };
  expect(faultsText([fault], titleOf)).toBe("1 problem. Node 3, model, Nothing is connected");
  expect(faultsText([{ ...fault, node: null, input: null }, fault], titleOf)).toBe(
    "2 problems. The first: Nothing is connected",
  );
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a run is told of as it begins, no more often than every five seconds as it goes, and as it ends", () => {
  const stop = startTellingRuns();
  const tab = useWorkspace.getState().active;
  const heard: string[] = [];
  const forget = useSpeech.subscribe(({ text }) => heard.push(text));
  const show = (next: TabRun) => useRun.setState({ runs: { [tab]: next } });
  show(run({}));
  for (let value = 1; value <= 19; value += 1) {
    vi.advanceTimersByTime(900);
    show(drawing(value));
  }
  show(run({ state: "cancelled" }));
  forget();
  stop();
  expect(heard).toEqual(["The run has begun", "#3, 25 %", "#3, 50 %", "#3, 75 %", "The run was stopped"]);
});
