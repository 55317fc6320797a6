import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api, HttpError, type Job, type JobDetail } from "../api/client";
import { axesOn, setAxis } from "../graph/axes";
import { SPECS } from "../graph/fixtures";
import { textToImage } from "../graph/subgraph_fixtures";
import { PlaceContext } from "../nodes/slices";
import { widgetsOf } from "../graph/inputs";
import { useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { activeTab, newTab, useWorkspace } from "../store/workspace";
import { AxisDialog } from "./AxisDialog";
import { AxisMark } from "./AxisMark";
import { askForAxis, closeAxisDialog } from "./axis_dialog";
import { runSweep, sizesOf, useSweepJobs } from "./run";
import { isSweep, showTable, showTableOf, startSweeps, useSweepTable } from "./table";
import { takeValues } from "./taking";
import type { Cell } from "./results";

afterEach(cleanup);

beforeEach(() => {
  useSpecs.setState({ specs: SPECS, state: "ready" });
  const tab = newTab("flow", textToImage());
  useWorkspace.setState({ tabs: [tab], active: tab.id, selection: { nodes: [], groups: [] } });
  useSweepTable.setState({ latest: {}, open: null });
  closeAxisDialog();
});

const tab = () => activeTab(useWorkspace.getState());
const swept = () => axesOn(tab().doc.nodes["4"]!);

function sweepOver(input: string, text: string): void {
  useWorkspace.getState().edit("sweep", setAxis(tab().doc, "4", input, text));
}

test("values are asked for, counted while one types, and undone", () => {
  render(<AxisDialog />);
  expect(screen.queryByRole("dialog")).toBeNull();
  act(() => askForAxis("4", "steps"));
  const field = screen.getByLabelText<HTMLTextAreaElement>("Values");
  expect(field.value).toBe("20");
  fireEvent.change(field, { target: { value: "1..5 step 2" } });
  expect(screen.getByText("3 values: 1, 3, 5")).toBeTruthy();
  fireEvent.change(field, { target: { value: "0" } });
  expect(screen.getByText("0 is too small: expected at least 1.")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Sweep" }).disabled).toBe(true);
  fireEvent.change(field, { target: { value: " 1, 2 " } });
  fireEvent.click(screen.getByRole("button", { name: "Sweep" }));
  expect(swept()).toEqual({ steps: "1, 2" });
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(sizesOf(tab().doc, SPECS)).toBe("2");
  useWorkspace.getState().undo();
  expect(swept()).toEqual({});
  expect(sizesOf(tab().doc, SPECS)).toBeNull();
});

test("a choice offers all there are, and a sweep is ended again", () => {
  sweepOver("sampler_name", "euler");
  render(<AxisDialog />);
  act(() => askForAxis("4", "sampler_name"));
  fireEvent.click(screen.getByRole("button", { name: "All choices" }));
  expect(screen.getByText("2 values: euler, ddim")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Do not sweep" }));
  expect(swept()).toEqual({});
});

test("a third input is not asked for", () => {
  sweepOver("steps", "1, 2");
  sweepOver("cfg", "1, 2");
  render(<AxisDialog />);
  act(() => askForAxis("3", "width"));
  expect(screen.queryByRole("dialog")).toBeNull();
  act(() => askForAxis("4", "cfg"));
  expect(screen.getByRole("dialog", { name: "Sweep cfg of Sampler" })).toBeTruthy();
});

test("the mark tells how many values there are, or that they do not fit any more", () => {
  sweepOver("steps", "1, 2, 3");
  const mark = () => {
    const node = tab().doc.nodes["4"]!;
    const widget = widgetsOf(node, SPECS["Sampler"]!).find(({ name }) => name === "steps")!;
    return (
      <PlaceContext value={{ tab: tab().id, id: "4", run: "4" }}>
        <AxisMark widget={widget} text={axesOn(node)["steps"]!} />
      </PlaceContext>
    );
  };
  const { rerender } = render(mark());
  expect(screen.getByRole("button", { name: "steps is swept over 3 values: change" }).textContent).toBe("×3");
  sweepOver("steps", "many");
  rerender(mark());
  expect(screen.getByRole("button", { name: "steps is swept, but not as it stands: change" })).toBeTruthy();
});

test("what cannot be swept is not sent", async () => {
  const submit = vi.spyOn(api, "submit");
  sweepOver("steps", "1, 2");
  await runSweep(); // these node types have none for sweeps
  expect(submit).not.toHaveBeenCalled();
});

test("the newest sweep of a tab is kept over later runs, and its table asks what ran", async () => {
  const stop = startSweeps();
  const axes = [{ input: "4.steps", labels: ["1", "2"], values: [1, 2] }];
  const told = { axes, cells: ["a", "b"].map((nodes) => ({ nodes, images: [] })) };
  const run = { jobId: "one", state: "succeeded" as const, endedAt: 5 };
  useSweepJobs.setState({ waiting: new Set(["one"]) });
  useRun.setState({ runs: { [tab().id]: { ...run, nodes: { "6": { state: "done", output: { sweep: [told] } } } } } });
  expect(useSweepJobs.getState().waiting.size).toBe(0);
  const later = { ...run, jobId: "two", nodes: { "6": { state: "done" as const, output: { sweep: [told] } } } };
  useRun.setState({ runs: { [tab().id]: later } });
  expect(useSweepTable.getState().latest[tab().id]).toMatchObject({ jobId: "one" });
  stop();

  vi.spyOn(api, "explain").mockResolvedValue({});
  await showTable();
  expect(useSweepTable.getState()).toMatchObject({ open: { jobId: "one" }, accounts: {} });

  const { sweep } = useSweepTable.getState().latest[tab().id]!;
  takeValues(sweep, sweep.cells[1]!);
  const steps = () => widgetsOf(tab().doc.nodes["4"]!, SPECS["Sampler"]!).find(({ name }) => name === "steps")!.value;
  expect(steps()).toBe(2);
  useWorkspace.getState().undo();
  expect(steps()).toBe(20);
  const named = { ...sweep, axes: [{ ...sweep.axes[0]!, input: "Sampler.steps" }] };
  takeValues(named, { ...sweep.cells[0]!, values: [7] } as Cell);
  expect(steps()).toBe(7);
  const gone = { ...sweep, axes: [{ ...sweep.axes[0]!, input: "77.steps" }] };
  takeValues(gone, sweep.cells[0]!);
  expect(steps()).toBe(7);
});

test("a sweep is found again in the history by its job", async () => {
  const axes = [{ input: "4.steps", labels: ["1"], values: [1] }];
  const outputs = { "6:sweep": { sweep: [{ axes, cells: [{ nodes: "a", images: [] }] }] } };
  vi.spyOn(api, "explain").mockRejectedValue(new HttpError("gone", 404, null));
  vi.spyOn(api, "job").mockResolvedValueOnce({ outputs } as unknown as JobDetail);
  await showTableOf("old");
  expect(useSweepTable.getState().open).toMatchObject({ jobId: "old" });
  expect("accounts" in useSweepTable.getState()).toBe(false);
  const job = (nodeId: string) => ({ preview_output: { nodeId, mediaType: "images" } }) as Job;
  expect([isSweep(job("6:sweep")), isSweep(job("6"))]).toEqual([true, false]);
});
