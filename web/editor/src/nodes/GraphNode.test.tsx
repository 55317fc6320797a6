// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { ReactFlow } from "@xyflow/react";
import { Profiler } from "react";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc, DocNode, NodeSpec } from "../graph/types";
import { useRun, type Fault, type NodeRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { GraphNode } from "./GraphNode";

const SAMPLER = {
  name: "Sampler",
  display_name: "Sampler",
  description: "",
  input: { required: { model: ["MODEL"], steps: ["INT", { default: 20, min: 1, max: 100 }] } },
  input_order: { required: ["model", "steps"] },
  output: ["LATENT"],
  output_name: ["LATENT"],
  output_is_list: [true],
} as unknown as NodeSpec;

let redrawn: string[] = [];
const Counted = (props: Parameters<typeof GraphNode>[0]) => (
  <Profiler id={props.id} onRender={(id) => redrawn.push(id)}>
    <GraphNode {...props} />
  </Profiler>
);
const nodeTypes = { graph: Counted };

// jsdom lays nothing out.
beforeAll(() => {
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  globalThis.DOMMatrixReadOnly = class {
    m22 = 1;
  } as unknown as typeof DOMMatrixReadOnly;
});
beforeEach(() => useSpecs.setState({ specs: { Sampler: SAMPLER }, state: "ready" }));
afterEach(cleanup);

function sampler(id: string, rest: Partial<DocNode> = {}): DocNode {
  return {
    id,
    type: "Sampler",
    title: `Sampler ${id}`,
    pos: [0, 0],
    size: [200, 100],
    mode: 0,
    flags: {},
    properties: {},
    inputs: [{ name: "model", type: "MODEL", rest: {} }],
    outputs: [{ name: "LATENT", type: "LATENT", rest: {} }],
    values: [20],
    rest: {},
    ...rest,
  };
}

function draw(...nodes: DocNode[]): string {
  const ops = nodes.map((node) => ({ of: "nodes", id: node.id, before: null, after: node }) as const);
  const tab = useWorkspace.getState().open("test", applyAll(emptyDoc(), ops));
  const flow = nodes.map(({ id }) => ({
    id,
    type: "graph",
    position: { x: 0, y: 0 },
    data: { id, tab },
    measured: { width: 200, height: 100 },
  }));
  render(<ReactFlow nodes={flow} edges={[]} nodeTypes={nodeTypes} />);
  redrawn = [];
  return tab;
}

const docNow = (): Doc => activeTab(useWorkspace.getState()).doc;
const article = (name: string) => within(screen.getByRole("article", { name }));

function running(tab: string, nodes: Record<string, NodeRun>, faults: readonly Fault[] = []): void {
  act(() => useRun.setState({ runs: { [tab]: { jobId: "job", state: "running", nodes } }, faults: { [tab]: faults } }));
}

test("a step of a sampler redraws that node alone", () => {
  const tab = draw(sampler("1"), sampler("2"));
  const waiting: NodeRun = { state: "waiting" };
  running(tab, { "1": { state: "running", value: 1, max: 4 }, "2": waiting });
  redrawn = [];
  running(tab, { "1": { state: "running", value: 2, max: 4 }, "2": waiting });
  expect(redrawn).toEqual(["1"]);
  expect(article("Sampler 1").getByRole("progressbar", { name: "2 of 4" })).toBeTruthy();
});

test("a fault stands at its input, which is marked", () => {
  const tab = draw(sampler("1"));
  running(tab, {}, [{ node: "1", input: "steps", message: "Too small", details: "0 is less than 1" }]);
  expect(article("Sampler 1").getByRole("alert").textContent).toBe("Too small: 0 is less than 1");
  expect(article("Sampler 1").getByRole("spinbutton", { name: "steps" }).getAttribute("aria-invalid")).toBe("true");
});

test("a muted or bypassed node does not say how it did before", () => {
  const tab = draw(sampler("1", { mode: 2 }), sampler("2", { mode: 4 }), sampler("3"));
  const cached: NodeRun = { state: "cached" };
  running(tab, { "1": cached, "2": cached, "3": cached });
  expect(article("Sampler 1").getByText("muted")).toBeTruthy();
  expect(article("Sampler 1").queryByText("cached")).toBeNull();
  expect(article("Sampler 2").queryByText("cached")).toBeNull();
  expect(article("Sampler 3").getByText("cached")).toBeTruthy();
});

test("a value is changed by one step to undo", () => {
  draw(sampler("1"));
  const steps = article("Sampler 1").getByRole("spinbutton", { name: "steps" });
  fireEvent.change(steps, { target: { value: "5*6" } });
  fireEvent.keyDown(steps, { key: "Enter" });
  expect(docNow().nodes["1"]!.values).toEqual([30]);
  act(() => useWorkspace.getState().undo());
  expect(docNow().nodes["1"]!.values).toEqual([20]);
});

test("a double click on the title renames", () => {
  draw(sampler("1"));
  fireEvent.doubleClick(article("Sampler 1").getByRole("button", { name: "Sampler 1" }));
  const field = screen.getByRole("textbox", { name: "Title" });
  fireEvent.change(field, { target: { value: "Painter" } });
  fireEvent.keyDown(field, { key: "Enter" });
  expect(docNow().nodes["1"]!.title).toBe("Painter");
});

test("a folded node keeps its sockets", () => {
  draw(sampler("1"));
  fireEvent.click(article("Sampler 1").getByRole("button", { name: "Collapse node" }));
  expect(docNow().nodes["1"]!.flags["collapsed"]).toBe(true);
  expect(article("Sampler 1").queryByRole("spinbutton")).toBeNull();
  for (const name of ["Input model, MODEL", "Input steps, INT", "Output LATENT, LATENT"]) {
    expect(article("Sampler 1").getByLabelText(name)).toBeTruthy();
  }
});

test("sockets say their type, and whether they carry a list", () => {
  draw(sampler("1"));
  const output = article("Sampler 1").getByLabelText("Output LATENT, LATENT");
  expect(output.dataset).toMatchObject({ type: "LATENT", list: "true" });
});

test("a type that the server lacks is told by name, and its sockets stay", () => {
  draw(sampler("1", { type: "Gone" }));
  expect(article("Sampler 1").getByText(/no node type Gone/)).toBeTruthy();
  expect(article("Sampler 1").getByLabelText("Input model, MODEL")).toBeTruthy();
});

test("a note is written in place, and typing is one step", () => {
  draw(sampler("1", { type: "Note", title: "Remember", inputs: [], outputs: [], values: ["a"] }));
  const field = screen.getByRole("textbox", { name: "Remember" });
  fireEvent.change(field, { target: { value: "ab" } });
  fireEvent.change(field, { target: { value: "abc" } });
  expect(docNow().nodes["1"]!.values).toEqual(["abc"]);
  act(() => useWorkspace.getState().undo());
  expect(docNow().nodes["1"]!.values).toEqual(["a"]);
});
