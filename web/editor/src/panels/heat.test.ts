// @vitest-environment node
import { expect, it } from "vitest";
import { heatOf, longestSeconds } from "./heat";

it("grows from 0 to 1 with the time, and a run without times is cold", () => {
  expect(heatOf(0, 10)).toBe(0);
  expect(heatOf(10, 10)).toBe(1);
  expect(heatOf(2.5, 10)).toBeCloseTo(0.5);
  expect(heatOf(0, 0)).toBe(0);
  expect(heatOf(1, 0)).toBe(0);
});

it("takes the longest time of the nodes", () => {
  expect(
    longestSeconds({ a: { state: "done", seconds: 2 }, b: { state: "done", seconds: 5 }, c: { state: "cached" } }),
  ).toBe(5);
});
