import { beforeEach, expect, it } from "vitest";
import { addNode, setValue } from "../graph/edits";
import { SPECS } from "../graph/fixtures";
import { applyAll, emptyDoc } from "../graph/ops";
import { saveDoc } from "../graph/save";
import { newTab, useWorkspace } from "../store/workspace";
import { useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { fakeServer } from "./fakes";
import { restoreRun } from "./restore";
import { trackOf } from "./tracks";

const PICTURES = { images: [{ filename: "a.png", subfolder: "", type: "output" }] };
const ENDED = {
  id: "j",
  status: "completed",
  execution_start_time: 1,
  execution_end_time: 5,
  outputs: { 7: PICTURES },
};

let tab: string;

beforeEach(() => {
  const first = newTab("a", emptyDoc());
  tab = first.id;
  useWorkspace.setState({ tabs: [first], active: tab });
  useRun.setState({ runs: {}, faults: {} });
});

it("shows what an ended job has made, and how it ended", async () => {
  fakeServer({ "GET /api/jobs/j": ENDED, "GET /api/explain/j": { nodes: {} } });
  await restoreRun(tab, "j");
  const run = {
    jobId: "j",
    state: "succeeded",
    startedAt: 1,
    endedAt: 5,
    nodes: { 7: { state: "done", output: PICTURES } },
  };
  expect(useRun.getState().runs[tab]).toEqual(run);
  expect(trackOf("j")).toBeUndefined();
});

it("shows why a job failed, at the node that did", async () => {
  const execution_error = {
    node_id: "3",
    exception_message: "no memory",
    exception_type: "E",
    traceback: [],
    timestamp: 5,
  };
  fakeServer({
    "GET /api/jobs/j": { ...ENDED, status: "failed", execution_error },
    "GET /api/explain/j": { nodes: {} },
  });
  await restoreRun(tab, "j");
  expect(useRun.getState().runs[tab]).toMatchObject({ state: "failed", nodes: { 3: { state: "error" } } });
  expect(useRun.getState().faults[tab]).toMatchObject([{ node: "3", message: "no memory" }]);
});

it("waits for a job that has not ended", async () => {
  fakeServer({ "GET /api/jobs/j": { id: "j", status: "in_progress" } });
  await restoreRun(tab, "j");
  expect(trackOf("j")?.accepted).toBe(true);
  expect(useRun.getState().runs[tab]?.state).toBe("pending");
});

it("leaves alone a tab that shows something newer, and one whose job has been forgotten", async () => {
  fakeServer({});
  await restoreRun(tab, "j");
  expect(useRun.getState().runs[tab]).toBeUndefined();
  useRun.setState({ runs: { [tab]: { jobId: "newer", state: "running", nodes: {} } } });
  const asked = fakeServer({ "GET /api/jobs/j": ENDED });
  await restoreRun(tab, "j");
  expect(useRun.getState().runs[tab]?.jobId).toBe("newer");
  expect(asked).toEqual([]);
});

it("tells no longer why a job failed if that has been changed since", async () => {
  useSpecs.setState({ specs: SPECS, state: "ready" });
  const doc = applyAll(emptyDoc(), addNode(emptyDoc(), SPECS["Loader"]!, [0, 0]).ops);
  const execution_error = { node_id: "1", exception_message: "boom", exception_type: "E", traceback: [], timestamp: 9 };
  const workflow = { prompt: {}, extra_data: { extra_pnginfo: { workflow: saveDoc(doc) } } };
  fakeServer({ "GET /api/jobs/k": { ...ENDED, id: "k", status: "failed", execution_error, workflow } });
  const mended = applyAll(doc, setValue(doc, "1", 0, "b.safetensors"));
  const [same, other] = [doc, mended].map((each) => useWorkspace.getState().open("test", each));
  await restoreRun(same!, "k");
  await restoreRun(other!, "k");
  expect(useRun.getState().faults[same!]).toMatchObject([{ node: "1", message: "boom" }]);
  expect(useRun.getState().faults[other!] ?? []).toEqual([]);
});
