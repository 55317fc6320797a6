import { expect, test } from "vitest";
import { initialValues, inputsOf } from "../graph/inputs";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc, DocNode, NodeSpec, Specs } from "../graph/types";
import { afterQueued, controlled } from "./control";
import { widgetFor } from "./testing";

const SAMPLER = {
  name: "Sampler",
  input: { required: { seed: ["INT", { min: 0, max: 10, control_after_generate: true }], steps: ["INT", {}] } },
  input_order: { required: ["seed", "steps"] },
  output: ["LATENT"],
  output_name: ["LATENT"],
  output_is_list: [false],
} as unknown as NodeSpec;
const SPECS: Specs = { Sampler: SAMPLER };
const LARGE = {
  ...SAMPLER,
  input: { required: { seed: ["INT", { min: 0, max: 2n ** 64n - 1n }] } },
} as unknown as NodeSpec;

function node(id: string, values: readonly unknown[], rest: Partial<DocNode> = {}): DocNode {
  return {
    id,
    type: "Sampler",
    pos: [0, 0],
    size: [200, 100],
    mode: 0,
    flags: {},
    properties: {},
    inputs: [],
    outputs: [],
    values,
    rest: {},
    ...rest,
  };
}

function doc(...nodes: DocNode[]): Doc {
  return {
    ...emptyDoc(),
    nodes: Object.fromEntries(nodes.map((each) => [each.id, each])),
    order: nodes.map(({ id }) => id),
  };
}

const valuesAfter = (before: Doc, id = "1", random = () => 0.5) =>
  applyAll(before, afterQueued(before, SPECS, random)).nodes[id]!.values;

test("the seed's control follows it in the list of values", () => {
  expect(initialValues(SAMPLER)).toHaveLength(3);
});

test.each([
  ["fixed", 4, 4],
  ["increment", 4, 5],
  ["increment", 10, 10],
  ["decrement", 4, 3],
  ["decrement", 0, 0],
  ["randomize", 4, 5],
])("%s makes %d into %d", (control, seed, next) => {
  expect(valuesAfter(doc(node("1", [seed, control, 20])))).toEqual([next, control, 20]);
});

test.each([
  ["increment", 2n ** 64n - 2n, 2n ** 64n - 1n],
  ["increment", Number.MAX_SAFE_INTEGER, 2n ** 53n],
  ["decrement", 2n ** 64n - 1n, 2n ** 64n - 2n],
  ["randomize", 2n ** 64n - 1n, Number.MAX_SAFE_INTEGER],
])("%s makes a large seed, %d, into %d", (control, value, next) => {
  const seed = { ...widgetFor("int", value, {}), spec: inputsOf(LARGE)[0]! };
  expect(controlled(seed, control, () => 1 - 2 ** -53)).toBe(next);
});

test("a seed that comes through a wire is left alone", () => {
  const socket = { name: "seed", type: "INT", widget: "seed", rest: {} };
  const fed = doc(node("1", [4, "increment", 20], { inputs: [socket] }), node("2", [4, "fixed", 20]));
  const link = { id: 1, from: "2", fromSlot: 0, to: "1", toSlot: 0, type: "INT", rest: {} };
  expect(afterQueued({ ...fed, links: { 1: link } }, SPECS)).toEqual([]);
});

test("a primitive's own value changes, within the limits of what it feeds", () => {
  const socket = { name: "seed", type: "INT", widget: "seed", rest: {} };
  const primitive = node("2", [9, "increment"], { type: "PrimitiveNode" });
  const link = { id: 1, from: "2", fromSlot: 0, to: "1", toSlot: 0, type: "INT", rest: {} };
  const fed = { ...doc(node("1", [4, "fixed", 20], { inputs: [socket] }), primitive), links: { 1: link } };
  expect(valuesAfter(fed, "2")).toEqual([10, "increment"]);
});

test("a choice goes to the next of the list, and stops at its end", () => {
  const choice = widgetFor("combo", "a", { choices: ["a", "b"] });
  expect(controlled(choice, "increment")).toBe("b");
  expect(controlled({ ...choice, value: "b" }, "increment")).toBe("b");
});
