import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeServer, type Request } from "../api/fakes";
import { begin, trackOf } from "../api/tracks";
import { addNode, connect, moveNodes, setNode, setValue } from "../graph/edits";
import { SPECS } from "../graph/fixtures";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc, Op } from "../graph/types";
import { useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { PAUSE_MS, setAutoRun, startAutoRun, useAutoRun } from "./auto_run";
import { runActive } from "./run_actions";

const SIZE = 0;
let asked: Request[] = [];
let stop: () => void;

/** 1 Load feeds 2 Blur, which feeds 3 Save. */
function workflow(): Doc {
  let doc = emptyDoc();
  for (const type of ["Load", "Blur", "Save"]) doc = applyAll(doc, addNode(doc, SPECS[type]!, [0, 0]).ops);
  doc = applyAll(doc, connect(doc, "1", 0, "2", 0));
  return applyAll(doc, connect(doc, "2", 0, "3", 0));
}

beforeEach(() => {
  vi.useFakeTimers();
  useSpecs.setState({ specs: SPECS, state: "ready" });
  useRun.setState({ runs: {}, faults: {}, tabOf: {} });
  useWorkspace.getState().open("test", workflow());
  asked = fakeServer({
    "POST /api/prompt": { prompt_id: "", number: 1, node_errors: {} },
    "GET /api/jobs": { jobs: [] },
  });
  stop = startAutoRun((error) => {
    throw error; // and the test run fails
  });
  setAutoRun(true);
});
afterEach(() => {
  setAutoRun(false);
  stop();
  vi.useRealTimers();
});

const edit = (of: (doc: Doc) => readonly Op[]) => {
  const workspace = useWorkspace.getState();
  workspace.edit("edit", of(activeTab(workspace).doc));
};
const blur = (size: number) => edit((doc) => setValue(doc, "2", SIZE, size));
const pause = () => vi.advanceTimersByTimeAsync(PAUSE_MS + 10);
const posted = () =>
  asked.filter(({ path }) => path === "/api/prompt").map(({ body }) => body as { prompt_id: string });
const cancelled = () => asked.map(({ path }) => /jobs\/(.+)\/cancel$/.exec(path)?.[1]).filter(Boolean);

it("runs once after a pause, however much was changed before", async () => {
  blur(4);
  await vi.advanceTimersByTimeAsync(PAUSE_MS / 2);
  expect(useAutoRun.getState().soon).toBe(true);
  blur(5);
  await vi.advanceTimersByTimeAsync(PAUSE_MS / 2 + 10);
  expect(posted()).toHaveLength(0);
  await pause();
  expect(posted()).toHaveLength(1);
  expect(useAutoRun.getState().soon).toBe(false);
});

it("does not run for places, titles and colours, for what nothing needs, nor for a change that was undone", async () => {
  edit((doc) => moveNodes(doc, new Map([["2", [300, 300]]])));
  edit((doc) => setNode(doc, "2", { title: "Soft", color: "#123" }));
  edit((doc) => addNode(doc, SPECS["Load"]!, [0, 0]).ops);
  await pause();
  blur(9);
  useWorkspace.getState().undo();
  await pause();
  expect(posted()).toHaveLength(0);
});

it("puts a new job in the place of its own that still waits, and leaves one that runs", async () => {
  blur(4);
  await pause();
  blur(5);
  await pause();
  const [first, second] = posted();
  expect(cancelled()).toEqual([first!.prompt_id]);
  begin(trackOf(second!.prompt_id)!, Date.now());
  blur(6);
  await pause();
  expect(posted()).toHaveLength(3);
  expect(cancelled()).toHaveLength(1);
});

it("tries a workflow that was refused once, and again after the next change", async () => {
  asked = fakeServer({ "POST /api/prompt": () => Response.json({ error: { message: "no" } }, { status: 400 }) });
  blur(4);
  await pause();
  await pause();
  expect(posted()).toHaveLength(1);
  blur(5);
  await pause();
  expect(posted()).toHaveLength(2);
});

it("does not run once more what was run by hand, nor what another tab holds", async () => {
  blur(4);
  await runActive();
  await pause();
  expect(posted()).toHaveLength(1);
  useWorkspace.getState().open("other", workflow());
  await pause();
  expect(posted()).toHaveLength(1);
});
