import { beforeEach, expect, test } from "vitest";
import { loadDoc } from "../graph/load";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { align } from "./arranging";
import { isValid, onConnect } from "./connecting";
import { groupFlowId } from "./derive";
import { beginDrag, endDrag } from "./drag";
import { changeNodes, followWorkspace, useFlow } from "./flow";
import { handleId, parseHandle } from "./handles";
import { currentDoc, deleteSelection, toggleMute } from "./selection";
import { joinOps } from "./wire";

const node = (id: number, pos: [number, number], inputs: object[], outputs: object[]) => ({
  id,
  type: `Type${id}`,
  pos,
  size: [100, 50],
  flags: {},
  order: id,
  mode: 0,
  inputs,
  outputs,
  properties: {},
});

let stop = () => {};

beforeEach(() => {
  stop();
  useSpecs.setState({ specs: {}, state: "ready" });
  useWorkspace.getState().open(
    "test",
    loadDoc({
      nodes: [
        node(1, [0, 0], [], [{ name: "IMAGE", type: "IMAGE", links: [] }]),
        node(
          2,
          [300, 0],
          [
            { name: "images", type: "IMAGE", link: null },
            { name: "mask", type: "MASK", link: null },
          ],
          [{ name: "IMAGE", type: "IMAGE", links: [] }],
        ),
      ],
      links: [],
      groups: [{ id: 1, title: "Left", bounding: [-20, -60, 200, 200] }],
      version: 0.4,
    }),
  );
  stop = followWorkspace();
});

const past = () => activeTab(useWorkspace.getState()).past;

test("names of sockets are read back as they were written", () => {
  expect(parseHandle(handleId("in", 3))).toEqual({ side: "in", slot: 3 });
  expect(parseHandle(handleId("widget", "a:b"))).toEqual({ side: "widget", name: "a:b" });
  expect(parseHandle("in:x")).toBeNull();
  expect(parseHandle(null)).toBeNull();
});

test("a drag is one step, which undoing takes back", () => {
  const [, , second] = useFlow.getState().nodes;
  beginDrag([second!]);
  for (const x of [310, 320, 330])
    changeNodes([{ id: "2", type: "position", position: { x, y: -30 }, dragging: true }]);
  expect(past()).toHaveLength(0);
  endDrag([second!], { x: 0, y: 0 });
  expect(past()).toHaveLength(1);
  expect(currentDoc().nodes["2"]!.pos).toEqual([330, 0]);
  useWorkspace.getState().undo();
  expect(useFlow.getState().nodes[2]!.position.x).toBe(300);
});

test("a group takes along the nodes that lie in it, and no others", () => {
  const [group] = useFlow.getState().nodes;
  beginDrag([group!]);
  changeNodes([{ id: groupFlowId(1), type: "position", position: { x: 0, y: -40 }, dragging: true }]);
  endDrag([group!], { x: 0, y: 0 });
  expect(currentDoc().groups[1]!.bounding).toEqual([0, -40, 200, 200]);
  expect(currentDoc().nodes["1"]!.pos).toEqual([20, 20]);
  expect(currentDoc().nodes["2"]!.pos).toEqual([300, 0]);
  expect(past()).toHaveLength(1);
});

test("a wire may be drawn from either end, and only where it fits", () => {
  const wire = { source: "1", sourceHandle: "out:0", target: "2", targetHandle: "in:0" };
  expect(isValid(wire)).toBe(true);
  expect(isValid({ ...wire, targetHandle: "in:1" })).toBe(false);
  expect(isValid({ ...wire, target: "1", targetHandle: "in:0" })).toBe(false);
  const into = { node: "2", handle: { side: "in", slot: 0 } } as const;
  const out = { node: "1", handle: { side: "out", slot: 0 } } as const;
  expect(joinOps(currentDoc(), {}, into, out)).toEqual(joinOps(currentDoc(), {}, out, into));
  onConnect(wire);
  expect(useFlow.getState().edges).toMatchObject([{ source: "1", target: "2", targetHandle: "in:0" }]);
});

test("selecting on the canvas selects in the workspace, and the selection can be muted and deleted", () => {
  changeNodes([{ id: "2", type: "select", selected: true }]);
  expect(useWorkspace.getState().selection.nodes).toEqual(["2"]);
  toggleMute();
  expect(currentDoc().nodes["2"]!.mode).toBe(2);
  toggleMute();
  expect(currentDoc().nodes["2"]!.mode).toBe(0);
  deleteSelection();
  expect(Object.keys(currentDoc().nodes)).toEqual(["1"]);
  expect(useFlow.getState().nodes.map(({ id }) => id)).toEqual([groupFlowId(1), "1"]);
});

test("nodes are aligned as they are drawn, which may be higher than their file says", () => {
  useFlow.setState(({ nodes }) => ({
    nodes: nodes.map((each) => (each.id === "2" ? { ...each, measured: { width: 100, height: 330 } } : each)),
  }));
  useWorkspace.getState().select(["1", "2"]);
  align("bottom");
  expect(currentDoc().nodes["1"]!.pos).toEqual([0, 250]); // 50 high below its title, as its file says
  expect(currentDoc().nodes["2"]!.pos).toEqual([300, 0]); // 300 high
  expect(currentDoc().nodes["2"]!.size).toEqual([100, 50]);
  expect(past()).toHaveLength(1);
});
