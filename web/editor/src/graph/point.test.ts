// @vitest-environment node
import { expect, it } from "vitest";
import { loadDoc } from "./load";
import { picturedAt, pointInputs, pointPart, pointValue } from "./point";
import type { InputSpec, NodeSpec } from "./types";

const input = (type: string, options: object = {}): InputSpec =>
  ({ name: "x", type, optional: false, options, isWidget: true }) as InputSpec;

it("a click becomes a pixel, or for a FLOAT a part of the side, within the limits", () => {
  expect(pointValue(input("INT"), 0.5, 128)).toBe(64);
  expect(pointValue(input("INT"), 1, 128)).toBe(127);
  expect(pointValue(input("INT"), -0.1, 128)).toBe(0);
  expect(pointValue(input("INT", { max: 100 }), 0.99, 128)).toBe(100);
  expect(pointValue(input("FLOAT"), 0.123456, 128)).toBe(0.123);
  expect(pointPart(input("INT"), 64, 128)).toBeCloseTo(64.5 / 128);
  expect(pointPart(input("FLOAT"), 0.25, 128)).toBe(0.25);
});

it("two inputs are a point if they say so", () => {
  const spec = (options: object) =>
    ({
      input: { required: { x: ["INT", options], y: ["INT", { point: "y", point_on: "image" }] } },
    }) as unknown as NodeSpec;
  expect(pointInputs(spec({ point: "x" }))).toMatchObject({ x: { name: "x" }, y: { name: "y" }, on: "image" });
  expect(pointInputs(spec({}))).toBeUndefined();
});

/** 1 (image) -> 2 (takes the point) -> 3 (decodes) -> 4 (shows); 1 -> 5 (shows). */
const doc = loadDoc({
  version: 0.4,
  nodes: [
    { id: 1, type: "Load", outputs: [{ name: "IMAGE", type: "IMAGE", links: [1, 2] }] },
    {
      id: 2,
      type: "Look",
      inputs: [{ name: "image", type: "IMAGE", link: 1 }],
      outputs: [{ name: "latent", type: "LATENT", links: [3] }],
    },
    {
      id: 3,
      type: "Decode",
      inputs: [{ name: "samples", type: "LATENT", link: 3 }],
      outputs: [{ name: "IMAGE", type: "IMAGE", links: [4] }],
    },
    { id: 4, type: "Show", inputs: [{ name: "images", type: "IMAGE", link: 4 }] },
    { id: 5, type: "Show", inputs: [{ name: "images", type: "IMAGE", link: 2 }] },
  ],
  links: [
    [1, 1, 0, 2, 0, "IMAGE"],
    [2, 1, 0, 5, 0, "IMAGE"],
    [3, 2, 0, 3, 0, "LATENT"],
    [4, 3, 0, 4, 0, "IMAGE"],
  ],
});

it("the picture of an input is its source's, or who else shows that; of an output what it leads to", () => {
  expect(picturedAt(doc, "2", "image")).toEqual(["1", "5", "2"]);
  expect(picturedAt(doc, "2", "latent")).toEqual(["3", "4", "2"]);
  expect(picturedAt(doc, "2", undefined)).toEqual(["2"]);
  expect(picturedAt(doc, "9", "image")).toEqual([]);
});
