import { expect, test } from "vitest";
import { boundsOf, mapOf, pathsOf } from "./minimap";

const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

test("the bounds hold all boxes, and nothing has none", () => {
  expect(boundsOf([])).toBeNull();
  expect(boundsOf([box(0, 0, 10, 10), box(-5, 20, 3, 30)])).toEqual(box(-5, 0, 15, 50));
});

test("a map shows all of what is there and of what is seen, in its middle, as large as it can", () => {
  const { box: shown, scale } = mapOf(box(0, 0, 1900, 100), box(500, -100, 400, 300), 200, 150, 5);
  expect(scale).toBe(10);
  expect(shown).toEqual(box(-50, -700, 2000, 1500));
  expect(mapOf(box(0, 0, 100, 100), box(5000, 0, 100, 100), 200, 150, 5).box.width).toBeGreaterThan(5100);
});

test("boxes of one colour are one path", () => {
  const boxes = [
    { ...box(1, 2, 3, 4), color: "red" },
    { ...box(5, 6, 7, 8), color: "blue" },
    { ...box(9, 9, 1, 1), color: "red" },
  ];
  expect(pathsOf(boxes)).toEqual([
    ["red", "M1 2h3v4h-3zM9 9h1v1h-1z"],
    ["blue", "M5 6h7v8h-7z"],
  ]);
});
