// @vitest-environment node
import { expect, it } from "vitest";
import type { TabRun } from "../store/run";
import { nodeAtWork, previewOf, progressOf } from "./progress";

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

it("counts nodes that ended whole and the running one by its steps", () => {
  expect(progressOf(RUN)).toBeCloseTo((1 + 1 + 0.25) / 4);
  expect(progressOf(undefined)).toBe(0);
});

it("names the node at work and shows its preview", () => {
  expect(nodeAtWork(RUN)).toBe("3");
  expect(previewOf(RUN)).toBe("blob:x");
  expect(nodeAtWork(undefined)).toBeNull();
});
