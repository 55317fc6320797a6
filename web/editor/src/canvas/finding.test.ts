import { expect, test } from "vitest";
import { SPECS as NODES } from "../graph/fixtures";
import { copied } from "../graph/clipboard";
import { makeSubgraph } from "../graph/make_subgraph";
import { paste } from "../graph/edits";
import { applyAll } from "../graph/ops";
import { numbered, textToImage } from "../graph/subgraph_fixtures";
import { blankSpec } from "../graph/virtual";
import { loadDoc } from "../graph/load";
import type { NodeSpec } from "../graph/types";
import { findIn } from "./finding";

const sampler: NodeSpec = {
  ...blankSpec("KSampler", "KSampler", "sampling"),
  input: {
    required: {
      seed: ["INT", { default: 0, control_after_generate: true }],
      steps: ["INT", { default: 20 }],
      name: ["COMBO", { options: ["euler", "dpmpp_2m"] }],
    },
    optional: undefined,
    hidden: undefined,
  },
};
const text: NodeSpec = {
  ...blankSpec("CLIPTextEncode", "Encode text", "conditioning"),
  input: { required: { text: ["STRING", { multiline: true }] }, optional: undefined, hidden: undefined },
};
const SPECS = { KSampler: sampler, CLIPTextEncode: text };
const PROMPT = `a lighthouse on a cliff above the sea, with gulls, ${"and clouds, ".repeat(20)}in the style of old maps`;

const node = (id: number, type: string, x: number, values: unknown[], title?: string) => ({
  id,
  type,
  ...(title === undefined ? {} : { title }),
  pos: [x, 0],
  size: [200, 100],
  widgets_values: values,
});

const doc = loadDoc({
  nodes: [
    node(1, "KSampler", 900, [7, "randomize", 30, "euler"]),
    node(2, "KSampler", 300, [8, "fixed", 12, "dpmpp_2m"], "Draw"),
    node(12, "CLIPTextEncode", 0, [PROMPT], "Words"),
    node(4, "Note", 0, ["Gulls are hard to draw"]),
    node(5, "NodeOfNobody", 500, ["gulls.png", 3]),
  ],
  links: [],
  groups: [{ id: 1, title: "Drawing", bounding: [-20, -60, 200, 200] }],
  version: 0.4,
});

const ids = (query: string) => findIn(doc, SPECS, query).map(({ id }) => id);
const first = (query: string) => findIn(doc, SPECS, query)[0];

test("titles come before types, and types before values", () => {
  expect(ids("draw")).toEqual(["2", "group/1", "4"]);
  expect(ids("ksampler")).toEqual(["1", "2"]);
  expect(first("encode")).toMatchObject({ id: "12", title: "Words", where: "Encode text" });
});

test("equals go from left to right", () => {
  expect(ids("gulls")).toEqual(["4", "12", "5"]);
});

test("values are found with the names of their widgets, and a long one is cut to where it is", () => {
  expect(first("dpmpp")).toMatchObject({ kind: "node", id: "2", title: "Draw", where: "name: dpmpp_2m" });
  expect(first("30")).toMatchObject({ id: "1", where: "steps: 30" });
  const { where } = first("old maps")!;
  expect(where).toContain("old maps");
  expect(where.startsWith("…")).toBe(true);
  expect(where.length).toBeLessThan(80);
});

test("values of nodes that nobody knows are found, and what a seed does after a run is not", () => {
  expect(first("gulls.png")).toMatchObject({ id: "5", where: "gulls.png" });
  expect(ids("randomize")).toEqual([]);
});

test("a node is found by its number, before those whose number begins alike", () => {
  expect(ids("#1")).toEqual(["1", "12"]);
  expect(ids("#12")).toEqual(["12"]);
});

test("each word has to be found, wherever; letters that are scattered do not count", () => {
  expect(ids("ksampler euler")).toEqual(["1"]);
  expect(ids("euler nothing")).toEqual([]);
  expect(ids("ksm")).toEqual([]);
});

test("nothing typed lists the groups", () => {
  expect(ids(" ")).toEqual(["group/1"]);
});

/** Nodes 7 and 8 stand for a subgraph of an encoder, a canvas and a sampler. */
function nested() {
  const flat = textToImage();
  const made = applyAll(
    flat,
    makeSubgraph(flat, { nodes: ["2", "3", "4"], name: "Draw", newId: numbered() }, NODES)!.ops,
  );
  return applyAll(made, paste(made, copied(made, ["7"]), [900, 0]).ops);
}

test("insides of subgraphs are looked through as often as they are there, and told by their names", () => {
  const hits = findIn(nested(), NODES, "sampler");
  expect(hits).toMatchObject([
    { key: "7:4", id: "4", path: ["7"], inside: ["Draw"] },
    { key: "8:4", id: "4", path: ["8"], inside: ["Draw"] },
  ]);
});

test("what is where one is comes first, however well it is found", () => {
  const keys = (from: string[]) => findIn(nested(), NODES, "draw", from).map(({ key }) => key);
  expect(keys([])).toEqual(["7", "8"]);
  const inside = findIn(nested(), NODES, "e", ["8"]);
  expect(inside.slice(0, 2).map(({ path }) => path)).toEqual([["8"], ["8"]]);
  expect(inside.some(({ path }) => path.length === 0)).toBe(true);
});
