import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { addNode } from "../graph/edits";
import { applyAll, emptyDoc } from "../graph/ops";
import type { NodeSpec } from "../graph/types";
import { useExplain } from "../store/explain";
import { useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { ProblemsPanel } from "./ProblemsPanel";

afterEach(cleanup);

const SPEC: NodeSpec = {
  name: "Draw",
  display_name: "Draw it",
  description: "",
  category: "",
  python_module: "nodes",
  output_node: false,
  is_input_list: false,
  input: { required: {}, optional: undefined, hidden: undefined },
  input_order: {},
  output: [],
  output_name: [],
  output_is_list: [],
};

function openWith(): { tab: string; id: string } {
  const { ops, id } = addNode(emptyDoc(), SPEC, [0, 0]);
  const doc = applyAll(emptyDoc(), ops);
  const node = doc.nodes[id]!;
  const tab = useWorkspace.getState().open("test", { ...doc, nodes: { [id]: { ...node, title: "Sketch" } } });
  return { tab, id };
}

it("lists what is wrong where it is, and goes there", () => {
  const { tab, id } = openWith();
  const fault = { node: id, input: "image", message: "Required input is missing", details: "image" };
  useRun.setState({ faults: { [tab]: [fault, { node: null, input: null, message: "No outputs", details: "" }] } });
  render(<ProblemsPanel />);
  expect(screen.getByText("The whole workflow")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: /Sketch · image/ }));
  expect(useWorkspace.getState().selection.nodes).toEqual([id]);
});

it("tells why the selected node ran, and which nodes take long", () => {
  const { tab, id } = openWith();
  const causes = [{ kind: "input", input: "seed", node: null, before: 1, now: 2 }] as const;
  const account = { type: "Draw", how: "ran", seconds: 2, shown_as: null, parent: null, causes } as const;
  useExplain.setState({ accounts: { [tab]: { [id]: account } } });
  useRun.setState({
    runs: { [tab]: { jobId: "j", state: "succeeded", nodes: { [id]: { state: "done", seconds: 2 } } } },
  });
  useWorkspace.getState().select([id]);
  render(<ProblemsPanel />);
  expect(screen.getByText("seed changed from 1 to 2")).toBeTruthy();
  expect(screen.getByRole("button", { name: /Sketch 2.0 s|Sketch2.0 s/ })).toBeTruthy();
});

it("says that there are no problems", () => {
  openWith();
  render(<ProblemsPanel />);
  expect(screen.getByText("No problems.")).toBeTruthy();
});
