// @vitest-environment node
import { expect, it } from "vitest";
import { SPECS } from "./fixtures";
import { groupOf } from "./group_nodes";
import { widgetsOf } from "./inputs";
import { loadDoc } from "./load";
import { specOf } from "./subgraphs";

const GROUP = {
  nodes: [
    { type: "Empty", outputs: [{ name: "LATENT" }] },
    { type: "Encode", title: "Words" },
    { type: "Encode", title: "Others" },
    {
      type: "Sampler",
      inputs: [
        { name: "latent_image", type: "LATENT" },
        { name: "steps", type: "INT", widget: { name: "steps" } },
      ],
    },
  ],
  links: [
    [0, 0, 3, 0, 1, "LATENT"],
    [2, 0, 3, 1, 1, "INT"],
    [null, 0, 1, 0, 9, "CLIP"],
  ],
};

function shown(type: string, nodes: unknown[], values: unknown[]): string[] | undefined {
  const extra = { groupNodes: { Mine: { ...GROUP, nodes } } };
  const doc = loadDoc({ nodes: [{ id: 1, type, widgets_values: values }], links: [], extra, version: 0.4 });
  const spec = specOf(doc, doc.nodes["1"]!, SPECS);
  return spec && widgetsOf(doc.nodes["1"]!, spec).map(({ name, value }) => `${name}=${String(value)}`);
}

it("shows the widgets of the nodes inside, without those that wires inside feed", () => {
  const values = [64, 32, "a cat", "a dog", 7, "fixed", 2.5, "ddim"];
  for (const prefix of ["workflow>", "workflow/"])
    expect(shown(`${prefix}Mine`, GROUP.nodes, values)).toEqual([
      "width=64",
      "height=32",
      "text=a cat",
      "Others text=a dog",
      "seed=7",
      "control_after_generate=fixed",
      "cfg=2.5",
      "sampler_name=ddim",
    ]);
});

it("shows none where nobody can tell whose value is whose", () => {
  expect(shown("workflow>Mine", [...GROUP.nodes, { type: "Gone" }], [1])).toEqual([]);
  expect(shown("workflow>Mine", [{ type: "Load" }], ["x.png", "image"])).toEqual([]);
});

it("is nothing without its definition", () => {
  expect(shown("workflow>Other", GROUP.nodes, [])).toBeUndefined();
  expect(shown("workflow>constructor", GROUP.nodes, [])).toBeUndefined();
  expect(groupOf(loadDoc({ nodes: [], extra: null }), "workflow>Mine")).toBeUndefined();
});
