import { expect, it } from "vitest";
import type { NodeSpec, Specs } from "../graph/types";
import { categoriesOf, searchNodes, type Category } from "./categories";

function specs(...all: [name: string, category: string, more?: Partial<NodeSpec>][]): Specs {
  return Object.fromEntries(
    all.map(([name, category, more]) => [name, { name, display_name: name, category, ...more } as NodeSpec]),
  );
}

/** A tree as text: `sampling(KSampler custom(Sigmas))`. */
function shown(categories: readonly Category[]): string {
  return categories
    .map(
      ({ name, nodes, categories: inner }) =>
        `${name}(${[...nodes.map((node) => node.name), shown(inner)].filter(Boolean).join(" ")})`,
    )
    .join(" ");
}

it("puts node types into a tree, in the order of the alphabet", () => {
  const all = specs(["Sigmas", "sampling/custom"], ["KSampler", "sampling"], ["Scale", "image/upscale"], ["Lone", ""]);
  expect(shown(categoriesOf(all, "Other"))).toBe("image(upscale(Scale)) Other(Lone) sampling(KSampler custom(Sigmas))");
});

it("does not offer node types that are deprecated", () => {
  expect(categoriesOf(specs(["Old", "image", { deprecated: true }]), "Other")).toEqual([]);
});

it("finds only what it offers", () => {
  const all = specs(["Load Image", "image"], ["Old Image", "image", { deprecated: true }], ["KSampler", "sampling"]);
  expect(searchNodes(all, "image").map((spec) => spec.name)).toEqual(["Load Image"]);
});
