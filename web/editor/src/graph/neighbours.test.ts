import { expect, test } from "vitest";
import { loadDoc } from "./load";
import { alongWires, nearestIn } from "./neighbours";

const box = (id: string, x: number, y: number) => ({ id, x, y, width: 100, height: 60 });
const middle = box("middle", 0, 0);

test("the nearest in a direction is the one that lies ahead, not the one that lies aside", () => {
  const boxes = [middle, box("ahead", 300, 20), box("aside", 150, 200), box("behind", -110, 0), box("above", 0, -500)];
  expect(nearestIn(boxes, middle, "right")).toBe("ahead");
  expect(nearestIn(boxes, middle, "left")).toBe("behind");
  expect(nearestIn(boxes, middle, "up")).toBe("above");
  expect(nearestIn(boxes, middle, "down")).toBe("aside");
});

test("where nothing lies there is none, and a node is not its own neighbour", () => {
  expect(nearestIn([middle, box("right", 200, 0)], middle, "left")).toBeNull();
  expect(nearestIn([middle], middle, "down")).toBeNull();
});

test("along wires come the sources by the order of inputs, each once", () => {
  const socket = (name: string) => ({ name, type: "*", link: null });
  const node = (id: number, inputs: number, outputs: number) => ({
    id,
    type: "Node",
    pos: [0, 0],
    size: [100, 50],
    flags: {},
    order: 0,
    mode: 0,
    inputs: Array.from({ length: inputs }, (_, slot) => socket(`in ${slot}`)),
    outputs: Array.from({ length: outputs }, (_, slot) => ({ name: `out ${slot}`, type: "*", links: [] })),
    properties: {},
  });
  const links = [
    [1, 1, 0, 3, 2, "*"],
    [2, 2, 0, 3, 0, "*"],
    [3, 1, 1, 3, 1, "*"],
  ];
  const doc = loadDoc({ nodes: [node(1, 0, 2), node(2, 0, 1), node(3, 3, 0)], links, groups: [], version: 0.4 });
  expect(alongWires(doc, "3", "sources")).toEqual(["2", "1"]);
  expect(alongWires(doc, "1", "targets")).toEqual(["3"]);
  expect(alongWires(doc, "1", "sources")).toEqual([]);
});
