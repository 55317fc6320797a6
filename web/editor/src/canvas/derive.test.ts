import { expect, test } from "vitest";
import { moveNodes, removeNodes, setNode } from "../graph/edits";
import { loadDoc } from "../graph/load";
import { applyAll } from "../graph/ops";
import type { Doc } from "../graph/types";
import { deriveEdges, deriveNodes, type FlowNode, groupFlowId } from "./derive";
import { TITLE_HEIGHT } from "./geometry";

const NOTHING = { nodes: [], groups: [] };

function sample(): Doc {
  return loadDoc({
    last_node_id: 3,
    last_link_id: 2,
    nodes: [
      node(1, [0, 0], [], [{ name: "INT", type: "INT", links: [1] }]),
      node(
        2,
        [300, 0],
        [
          { name: "image", type: "IMAGE", link: null },
          { name: "width", type: "INT", widget: { name: "width" }, link: 1 },
        ],
        [{ name: "IMAGE", type: "IMAGE", links: [2] }],
      ),
      node(3, [600, 0], [{ name: "images", type: "IMAGE", link: 2 }], []),
    ],
    links: [
      [1, 1, 0, 2, 1, "INT"],
      [2, 2, 0, 3, 0, "IMAGE"],
    ],
    groups: [{ id: 1, title: "All", bounding: [-10, -50, 900, 300] }],
    version: 0.4,
  });
}

function node(id: number, pos: [number, number], inputs: object[], outputs: object[]): object {
  return {
    id,
    type: `Type${id}`,
    pos,
    size: [200, 100],
    flags: {},
    order: id,
    mode: 0,
    inputs,
    outputs,
    properties: {},
  };
}

function byId(nodes: readonly FlowNode[], id: string): FlowNode {
  return nodes.find((each) => each.id === id)!;
}

test("a node is drawn with its title above its position, and groups come first", () => {
  const nodes = deriveNodes("tab", sample(), NOTHING, []);
  expect(nodes.map(({ id }) => id)).toEqual([groupFlowId(1), "1", "2", "3"]);
  expect(byId(nodes, "2")).toMatchObject({ position: { x: 300, y: -TITLE_HEIGHT }, width: 200, type: "graph" });
});

test("an edit makes anew only the node that it touched, and keeps its measured size", () => {
  const doc = sample();
  const measured = { width: 200, height: 144 };
  const before = deriveNodes("tab", doc, NOTHING, []).map((each) => ({ ...each, measured }));
  const after = deriveNodes("tab", applyAll(doc, moveNodes(doc, new Map([["2", [310, 5]]]))), NOTHING, before);
  expect(after.filter((each, index) => each !== before[index]).map(({ id }) => id)).toEqual(["2"]);
  expect(byId(after, "2")).toMatchObject({ position: { x: 310, y: 5 - TITLE_HEIGHT }, measured });
});

test("selecting changes the selected nodes alone, and lifts them above the others", () => {
  const before = deriveNodes("tab", sample(), NOTHING, []);
  const after = deriveNodes("tab", sample(), NOTHING, before);
  const selected = deriveNodes("tab", sample(), { nodes: ["3"], groups: [] }, after);
  expect(selected.filter((each) => each.selected).map(({ id }) => id)).toEqual(["3"]);
  expect(byId(selected, "3").zIndex).toBeGreaterThan(byId(selected, "1").zIndex!);
});

test("a pinned node cannot be dragged, and a collapsed one has no width of its own", () => {
  const doc = sample();
  const flags = { pinned: true, collapsed: true };
  const node = byId(deriveNodes("tab", applyAll(doc, setNode(doc, "1", { flags })), NOTHING, []), "1");
  expect(node.draggable).toBe(false);
  expect(node.width).toBeUndefined();
});

test("a wire into a widget ends at the widget's socket", () => {
  const [first, second] = deriveEdges(sample(), []);
  expect(first).toMatchObject({ source: "1", sourceHandle: "out:0", target: "2", targetHandle: "widget:width" });
  expect(second).toMatchObject({ sourceHandle: "out:0", targetHandle: "in:0" });
});

test("moving a node keeps its wires as they are, muting it dims them, deleting it removes them", () => {
  const doc = sample();
  const before = deriveEdges(doc, []);
  expect(deriveEdges(applyAll(doc, moveNodes(doc, new Map([["2", [9, 9]]]))), before)).toEqual(before);
  const moved = deriveEdges(applyAll(doc, moveNodes(doc, new Map([["2", [9, 9]]]))), before);
  expect(moved[0]).toBe(before[0]);
  const muted = deriveEdges(applyAll(doc, setNode(doc, "3", { mode: 2 })), before);
  expect(muted.map((edge) => edge.data?.dimmed)).toEqual([false, true]);
  expect(deriveEdges(applyAll(doc, removeNodes(doc, ["3"])), before).map(({ id }) => id)).toEqual(["1"]);
});
