// @vitest-environment node
import { expect, it } from "vitest";
import { fitted, moved, zoomed } from "./zoom";

const PICTURE = { width: 200, height: 100 };

it("shows the whole picture, small ones enlarged but not endlessly", () => {
  expect(fitted(PICTURE, { width: 100, height: 100 })).toEqual({ scale: 0.5, x: 0, y: 0 });
  expect(fitted(PICTURE, { width: 10_000, height: 10_000 }).scale).toBe(6);
  expect(fitted(PICTURE, { width: 0, height: 0 }).scale).toBe(1);
});

it("keeps the point below the pointer where it is while zooming, and comes back", () => {
  const before = { scale: 2, x: 10, y: -5 };
  const after = zoomed(before, 1.5, 40, 30);
  const pointIn = (view: typeof before) => [(40 - view.x) / view.scale, (30 - view.y) / view.scale];
  expect(pointIn(after)[0]).toBeCloseTo(pointIn(before)[0]!);
  expect(pointIn(after)[1]).toBeCloseTo(pointIn(before)[1]!);
  expect(zoomed(after, 1 / 1.5, 40, 30).x).toBeCloseTo(before.x);
});

it("has limits to zoom and movement", () => {
  const view = { scale: 1, x: 0, y: 0 };
  expect(zoomed(view, 1e9).scale).toBe(40);
  expect(zoomed(view, 1e-9).scale).toBe(0.05);
  expect(moved(view, 1e6, -1e6, PICTURE)).toEqual({ scale: 1, x: 100, y: -50 });
});
