// @vitest-environment node
import { describe, expect, it } from "vitest";
import { addNode } from "./edits";
import { SPECS } from "./fixtures";
import { initialValues, inputsOf, widgetsOf } from "./inputs";
import { loadDoc } from "./load";
import { applyAll, emptyDoc } from "./ops";
import { specOf } from "./subgraphs";
import type { DocNode } from "./types";

function node(type: string, more: object): DocNode {
  return loadDoc({ nodes: [{ id: 1, type, ...more }] }).nodes["1"]!;
}

function shown(of: DocNode, linked?: ReadonlySet<number>): string[] {
  return widgetsOf(of, SPECS[of.type]!, linked).map(
    (each) => `${each.index} ${each.kind} ${each.name}=${String(each.value)}`,
  );
}

describe("inputs", () => {
  it("come required ones first, and sockets are no widgets", () => {
    const inputs = inputsOf(SPECS["Sampler"]!);
    expect(inputs.map((input) => input.name).slice(-3)).toEqual(["positive", "latent_image", "strength"]);
    expect(inputs.filter((input) => input.isWidget).map((input) => input.name)).toEqual([
      "seed",
      "steps",
      "cfg",
      "sampler_name",
    ]);
    expect(inputs.at(-1)).toMatchObject({ optional: true, type: "FLOAT", isWidget: false });
  });

  it("know their choices in both spellings", () => {
    expect(inputsOf(SPECS["Loader"]!)[0]).toMatchObject({ type: "COMBO", choices: ["a.safetensors", "b.safetensors"] });
    expect(inputsOf(SPECS["Sampler"]!)[4]).toMatchObject({ type: "COMBO", choices: ["euler", "ddim"] });
  });
});

describe("the values of a new node", () => {
  it("are the defaults, with a control after a seed and an upload button last", () => {
    expect(initialValues(SPECS["Sampler"]!)).toEqual([0, "randomize", 20, 8, "euler"]);
    expect(initialValues(SPECS["Load"]!)).toEqual(["x.png", "image"]);
    expect(initialValues(SPECS["Decode"]!)).toEqual([]);
  });
});

describe("widgets", () => {
  it("know which value is theirs, past the control of a seed", () => {
    expect(shown(node("Sampler", { widgets_values: [7, "fixed", 30, 5.5, "ddim"] }))).toEqual([
      "0 int seed=7",
      "1 control control_after_generate=fixed",
      "2 int steps=30",
      "3 float cfg=5.5",
      "4 combo sampler_name=ddim",
    ]);
    expect(shown(node("Load", { widgets_values: ["cat.png", "image"] }))).toEqual(["0 image image=cat.png"]);
    expect(shown(node("Encode", { widgets_values: ["a cat"] }))).toEqual(["0 multiline text=a cat"]);
  });

  it("take defaults where values are missing", () => {
    expect(shown(node("Empty", { widgets_values: [64] }))).toEqual(["0 int width=64", "1 int height=512"]);
    expect(shown(node("Empty", {}))).toEqual(["0 int width=512", "1 int height=512"]);
  });

  it("read values held by name, which win over the list", () => {
    expect(shown(node("Empty", { widgets_values: { height: 64 } }))).toEqual(["1 int width=512", "0 int height=64"]);
    const both = { widgets_values: [1, 2], widgets_values_named: { height: 3 } };
    expect(shown(node("Empty", both))).toEqual(["0 int width=1", "1 int height=3"]);
  });

  it("pass over the value of an input that has become a socket since", () => {
    expect(shown(node("Sampler", { widgets_values: [7, "fixed", 30, 5.5, "ddim", 1] }))).toHaveLength(5);
  });

  it("know their socket, and whether a wire feeds it", () => {
    const doc = applyAll(emptyDoc(), addNode(emptyDoc(), SPECS["Sampler"]!, [0, 0]).ops);
    const [seed, control, steps] = widgetsOf(doc.nodes["1"]!, SPECS["Sampler"]!, new Set([4]));
    expect([seed!.socket, seed!.linked]).toEqual([4, true]);
    expect([steps!.socket, steps!.linked]).toEqual([5, false]);
    expect(control!.socket).toBeUndefined();
  });
});

describe("a subgraph", () => {
  it("is shown with the limits of the widgets inside", () => {
    const inner = {
      id: 5,
      type: "Sampler",
      inputs: [{ name: "seed", type: "INT", link: 8, widget: { name: "seed" } }],
    };
    const definition = {
      id: "sub",
      name: "Mine",
      inputs: [
        { name: "model", type: "MODEL" },
        { name: "noise", type: "INT" },
      ],
      outputs: [{ name: "LATENT", type: "LATENT" }],
      nodes: [inner],
      links: [{ id: 8, origin_id: -10, origin_slot: 1, target_id: 5, target_slot: 0, type: "INT" }],
    };
    const doc = loadDoc({
      nodes: [{ id: 1, type: "sub", widgets_values: [42] }],
      definitions: { subgraphs: [definition] },
    });
    const spec = specOf(doc, doc.nodes["1"]!, SPECS)!;
    expect(spec).toMatchObject({ display_name: "Mine", output: ["LATENT"] });
    expect(specOf(doc, doc.nodes["1"]!, SPECS)).toBe(spec);
    const [noise, ...others] = widgetsOf(doc.nodes["1"]!, spec);
    expect(others).toEqual([]);
    expect(noise).toMatchObject({
      name: "noise",
      index: 0,
      kind: "int",
      value: 42,
      spec: { options: { min: 0, max: 100 } },
    });
  });
});
