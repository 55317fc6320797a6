import { expect, it } from "vitest";
import { loadDoc } from "../graph/load";
import type { NodeSpec, Specs } from "../graph/types";
import { isMissing, missingIn } from "./missing";

it("names node types that the server does not have, and how often they occur", () => {
  const doc = workflow([node(1, "Alien"), node(2, "Loader", ["here.safetensors"]), node(3, "Alien"), node(4, "Note")]);
  expect(missingIn(doc, SPECS).types).toEqual([{ type: "Alien", nodes: ["1", "3"], count: 2 }]);
});

it("names values that are none of the choices, with the node and the input", () => {
  const doc = workflow([{ ...node(1, "Loader", ["gone.safetensors"]), title: "My model" }]);
  expect(missingIn(doc, SPECS)).toEqual({
    types: [],
    values: [{ nodes: ["1"], title: "My model", input: "model", value: "gone.safetensors" }],
  });
});

it("finds nothing in a workflow that has all it needs", () => {
  expect(isMissing(missingIn(workflow([node(1, "Loader", ["here.safetensors"])]), SPECS))).toBe(false);
});

it("leaves alone what comes over a wire, and files that are said to lie elsewhere", () => {
  const socket = { name: "model", type: "COMBO", widget: { name: "model" }, link: 7 };
  const wired = { ...node(1, "Loader", ["gone"]), inputs: [socket] };
  const source = { ...node(2, "Source"), outputs: [{ name: "NAME", type: "COMBO", links: [7] }] };
  const elsewhere = node(3, "Loader", ["made.png [output]"]);
  const doc = workflow([wired, source, elsewhere], { links: [[7, 2, 0, 1, 0, "COMBO"]] });
  expect(isMissing(missingIn(doc, SPECS))).toBe(false);
});

it("knows the workflow's own subgraphs, and looks into them", () => {
  const wired = { ...node(3, "Loader", ["y"]), inputs: [{ name: "model", link: 1, widget: { name: "model" } }] };
  const subgraphs = [
    { id: "5e1f-id", name: "Mine", nodes: [node(1, "Alien"), node(2, "Loader", ["x"]), wired] },
    { id: "outer", name: "Outer", nodes: [node(1, "5e1f-id")] },
  ];
  const doc = workflow([node(1, "5e1f-id"), node(7, "outer"), node(8, "Loader")], { definitions: { subgraphs } });
  expect(missingIn(doc, SPECS)).toEqual({
    types: [{ type: "Alien", nodes: ["1", "7"], count: 1 }],
    values: [{ nodes: ["1", "7"], title: "Mine › Loader", input: "model", value: "x" }],
  });
});

it("knows group nodes, and looks into them", () => {
  const groupNodes = { Mine: { nodes: [{ type: "Alien" }, { type: "Note" }] }, Fine: { nodes: [{ type: "Loader" }] } };
  const nodes = [node(1, "workflow>Mine"), node(2, "workflow/Fine", ["gone"]), node(3, "workflow>Gone")];
  expect(missingIn(workflow(nodes, { extra: { groupNodes } }), SPECS)).toEqual({
    types: [
      { type: "workflow>Gone", nodes: ["3"], count: 1 },
      { type: "Alien", nodes: ["1"], count: 1 },
    ],
    values: [{ nodes: ["2"], title: "Fine", input: "model", value: "gone" }],
  });
});

it("says which folder a model belongs in, and where the workflow says that it can be had", () => {
  const models = [{ name: "gone.safetensors", directory: "diffusion_models", url: "https://models.example/gone" }];
  const told = { ...node(1, "Loader", ["gone.safetensors"]), properties: { models } };
  const known = node(2, "Checkpoint", ["lost.ckpt"]);
  const trick = { name: "lost.ckpt", url: "javascript:alert(1)" };
  expect(missingIn(workflow([told, known], { models: [trick] }), SPECS).values).toMatchObject([
    { value: "gone.safetensors", folder: "models/diffusion_models", url: "https://models.example/gone" },
    { value: "lost.ckpt", folder: "models/checkpoints" },
  ]);
  expect(missingIn(workflow([known], { models: [trick] }), SPECS).values[0]).not.toHaveProperty("url");
});

const SPECS: Specs = {
  Checkpoint: spec("Checkpoint", { ckpt_name: [["a.ckpt"], {}] }),
  Loader: spec("Loader", { model: [["here.safetensors", "other.safetensors"], {}] }),
  Source: spec("Source", {}),
};

function spec(name: string, required: Record<string, unknown>): NodeSpec {
  return {
    name,
    display_name: name,
    description: "",
    category: "",
    python_module: "",
    output_node: false,
    is_input_list: false,
    input: { required, optional: undefined, hidden: undefined },
    input_order: { required: Object.keys(required) },
    output: [],
    output_name: [],
    output_is_list: [],
  };
}

function node(id: number, type: string, widgets_values: unknown[] = []) {
  return { id, type, pos: [0, 0], size: [100, 100], flags: {}, order: 0, mode: 0, properties: {}, widgets_values };
}

function workflow(nodes: unknown[], more: Record<string, unknown> = {}) {
  return loadDoc({ last_node_id: 9, last_link_id: 9, nodes, links: [], groups: [], version: 0.4, ...more });
}
