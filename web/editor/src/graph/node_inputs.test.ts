// @vitest-environment node
import { expect, it } from "vitest";
import { SPECS } from "./fixtures";
import { loadDoc } from "./load";
import { nodeInputs } from "./node_inputs";
import type { Doc } from "./types";

const PLOT = { ...SPECS["Blur"]!, name: "Plot", display_name: "Plot" };
const ALL = { ...SPECS, Plot: PLOT };

/** Loader -> two encoders -> sampler -> decoder -> plot -> save. */
function drawn(changes: Record<number, object> = {}, more: object = {}): Doc {
  const socket = (name: string, type: string, link: number | null) => ({ name, type, link });
  const nodes = [
    { id: 1, type: "Loader", title: "Model", outputs: [{ name: "CLIP", type: "CLIP", links: [1, 2] }] },
    { id: 2, type: "Encode", inputs: [socket("clip", "CLIP", 1)], outputs: [{ name: "C", type: "C", links: [3] }] },
    { id: 3, type: "Encode", inputs: [socket("clip", "CLIP", 2)], outputs: [{ name: "C", type: "C", links: [4] }] },
    {
      id: 4,
      type: "Sampler",
      title: "Draw",
      inputs: [socket("positive", "C", 3), socket("negative", "C", 4)],
      outputs: [{ name: "IMAGE", type: "IMAGE", links: [5] }],
    },
    { id: 5, type: "Plot", inputs: [socket("image", "IMAGE", 5)], outputs: [{ name: "I", type: "IMAGE", links: [6] }] },
    { id: 6, type: "Save", inputs: [socket("images", "IMAGE", 6)] },
    { id: 7, type: "Empty" },
  ].map((node) => ({ ...node, ...changes[node.id] }));
  const links = [
    [1, 1, 0, 2, 0, "CLIP"],
    [2, 1, 0, 3, 0, "CLIP"],
    [3, 2, 0, 4, 0, "C"],
    [4, 3, 0, 4, 1, "C"],
    [5, 4, 0, 5, 0, "IMAGE"],
    [6, 5, 0, 6, 0, "IMAGE"],
  ];
  return loadDoc({ nodes, links, version: 0.4, ...more });
}

it("offers the values of what feeds the node, nearest first, by titles, and by numbers where titles are alike", () => {
  expect(nodeInputs(drawn(), "5", ALL)).toEqual([
    "Draw.seed",
    "Draw.steps",
    "Draw.cfg",
    "Draw.sampler_name",
    "Encode #2.text",
    "Encode #3.text",
    "Model.ckpt_name",
  ]);
});

it("leaves out what is muted, and then a title is alone", () => {
  const offered = nodeInputs(drawn({ 3: { mode: 2 } }), "5", ALL);
  expect(offered).toContain("Encode.text");
  expect(offered.filter((each) => each.startsWith("Encode"))).toHaveLength(1);
});

it("offers what lies within a subgraph, by the numbers that the server gives", () => {
  const inner = [
    { id: 8, type: "Sampler", title: "Draw" },
    { id: 9, type: "Blur" },
  ];
  const definitions = { subgraphs: [{ id: "sub", nodes: inner, links: [], inputs: [], outputs: [] }] };
  const offered = nodeInputs(drawn({ 3: { type: "sub" } }, { definitions }), "5", ALL);
  expect(offered).toContain("Draw #3:8.cfg");
  expect(offered).toContain("Draw #4.cfg");
  expect(offered).toContain("Blur.size");
});
