// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import { widgetsOf } from "../graph/inputs";
import { loadDoc } from "../graph/load";
import type { NodeSpec } from "../graph/types";
import { showRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { PointPicker } from "./PointPicker";
import { PlaceContext } from "./slices";

const spec = (name: string, required: object, output: string[]): NodeSpec =>
  ({ name, display_name: name, input: { required }, output, output_name: output }) as unknown as NodeSpec;
const LOOK = spec(
  "Look",
  { image: ["IMAGE"], x: ["INT", { point: "x", point_on: "image", max: 4096 }], y: ["INT", { point: "y" }] },
  [],
);
const LOAD = spec("Load", { image: [["cat.png"], { image_upload: true }] }, ["IMAGE"]);

beforeEach(() => useSpecs.setState({ specs: { Look: LOOK, Load: LOAD }, state: "ready" }));
afterEach(cleanup);

function open(source: object): string {
  const doc = loadDoc({
    version: 0.4,
    nodes: [
      { id: 1, outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }], ...source },
      { id: 2, type: "Look", inputs: [{ name: "image", type: "IMAGE", link: 1 }], widgets_values: [3, 4] },
    ],
    links: [[1, 1, 0, 2, 0, "IMAGE"]],
  });
  return useWorkspace.getState().open("test", doc);
}

function show(tab: string, linkedIn = ","): void {
  const node = activeTab(useWorkspace.getState()).doc.nodes["2"]!;
  render(
    <PlaceContext.Provider value={{ tab, id: "2", run: "2" }}>
      <PointPicker spec={LOOK} widgets={widgetsOf(node, LOOK)} linkedIn={linkedIn} />
    </PlaceContext.Provider>,
  );
}

/** As if a picture of 200 x 100 were shown in half its size. */
function loaded(): HTMLElement {
  const button = screen.getByRole("button", { name: "Click where x and y are to be" });
  const image = button.querySelector("img")!;
  Object.defineProperties(image, { naturalWidth: { value: 200 }, naturalHeight: { value: 100 } });
  fireEvent.load(image);
  button.getBoundingClientRect = () => ({ left: 10, top: 20, width: 100, height: 50 }) as DOMRect;
  return button;
}

const values = () => activeTab(useWorkspace.getState()).doc.nodes["2"]!.values;

test("a click on the picture of the node that loads it sets both values, undone as one", () => {
  show(open({ type: "Load", widgets_values: ["cat.png", "image"] }));
  const button = loaded();
  expect(button.querySelector("img")!.src).toContain("cat.png");
  fireEvent.click(button, { clientX: 60, clientY: 30, detail: 1 });
  expect(values()).toEqual([100, 20]);
  useWorkspace.getState().undo();
  expect(values()).toEqual([3, 4]);
});

test("the keyboard cannot say where, and changes nothing", () => {
  show(open({ type: "Load", widgets_values: ["cat.png", "image"] }));
  fireEvent.click(loaded(), { detail: 0 });
  expect(values()).toEqual([3, 4]);
});

test("the picture may be what a run showed; before that a line says so", () => {
  const tab = open({ type: "Gone" });
  show(tab);
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByText(/once there is a picture/)).toBeTruthy();
  const images = [{ filename: "made.png", subfolder: "", type: "temp" }];
  act(() => showRun(tab, { jobId: "j", state: "succeeded", nodes: { "1": { state: "done", output: { images } } } }));
  expect(loaded().querySelector("img")!.src).toContain("made.png");
});

test("values that come through wires are not to be chosen", () => {
  const tab = open({ type: "Load", widgets_values: ["cat.png", "image"] });
  const node = activeTab(useWorkspace.getState()).doc.nodes["2"]!;
  const widgets = widgetsOf(node, LOOK).map((widget) => ({ ...widget, socket: 5 }));
  render(
    <PlaceContext.Provider value={{ tab, id: "2", run: "2" }}>
      <PointPicker spec={LOOK} widgets={widgets} linkedIn=",5," />
    </PlaceContext.Provider>,
  );
  expect(screen.queryByRole("button")).toBeNull();
});
