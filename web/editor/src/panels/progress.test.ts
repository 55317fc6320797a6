// @vitest-environment node
import { expect, it } from "vitest";
import type { TabRun } from "../store/run";
import { nodeAtWork, previewOf, progressOf, remainingSeconds } from "./progress";

const RUN: TabRun = {
  jobId: "j",
  state: "running",
  nodes: {
    "1": { state: "cached" },
    "2": { state: "done", seconds: 2 },
    "3": { state: "running", value: 5, max: 20, preview: "blob:x" },
    "4": { state: "waiting" },
  },
};

it("goes by the steps of the node at work, or by the nodes that ended", () => {
  expect(progressOf(RUN)).toBe(5 / 20);
  expect(progressOf({ ...RUN, nodes: { ...RUN.nodes, "3": { state: "running" } } })).toBe(2 / 4);
  expect(progressOf(undefined)).toBe(0);
});

it("names the node at work and shows its preview", () => {
  expect(nodeAtWork(RUN)).toBe("3");
  expect(previewOf(RUN)).toBe("blob:x");
  expect(nodeAtWork(undefined)).toBeNull();
});

it("tells what is left by the pace of the node at work, and by what others took before", () => {
  const nodes = { "1": { state: "running", since: 0, value: 5, max: 20 }, "2": { state: "waiting" } } as const;
  const run: TabRun = { jobId: "j", state: "running", nodes };
  expect(remainingSeconds(run, { "2": 4 }, 10_000)).toBe(30 + 4);
  expect(remainingSeconds(run, {}, 10_000)).toBe(30);
});

it("tells what is left of a node without progress by what it took before, or not at all", () => {
  const run: TabRun = { jobId: "j", state: "running", nodes: { "1": { state: "running", since: 0 } } };
  expect(remainingSeconds(run, { "1": 12 }, 10_000)).toBe(2);
  expect(remainingSeconds(run, { "1": 5 }, 10_000)).toBe(0);
  expect(remainingSeconds(run, {}, 10_000)).toBeNull();
  expect(remainingSeconds({ ...run, nodes: {} }, {}, 0)).toBeNull();
});
