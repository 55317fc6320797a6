import { expect, test } from "vitest";
import { addressOf, axesOf, axesOn, placeOfAddress, setAxis } from "./axes";
import { exposeInput } from "./exposed";
import { SPECS } from "./fixtures";
import { makeSubgraph } from "./make_subgraph";
import { applyAll, invertAll } from "./ops";
import { promote } from "./promote";
import { saveDoc } from "./save";
import { loadDoc } from "./load";
import { instancesIn, numbered, textToImage, within } from "./subgraph_fixtures";
import { specOf } from "./subgraphs";
import type { Doc } from "./types";

/** Encode 2 and sampler 4 in a subgraph; gives the id of the node that stands for it. */
function nested(): { doc: Doc; instance: string } {
  const doc = textToImage();
  const doc2 = applyAll(doc, makeSubgraph(doc, { nodes: ["2", "4"], name: "inside", newId: numbered() }, SPECS)!.ops);
  return { doc: doc2, instance: instancesIn(doc2)[0]! };
}

test("an axis is kept at its node, saved with it, and goes without a trace", () => {
  const before = textToImage();
  const ops = setAxis(before, "4", "cfg", "2, 4, 8");
  const swept = applyAll(before, ops);
  expect(axesOn(loadDoc(saveDoc(swept)).nodes["4"]!)).toEqual({ cfg: "2, 4, 8" });
  expect(axesOf(swept)).toMatchObject([{ path: [], id: "4", input: "cfg", text: "2, 4, 8" }]);
  expect(applyAll(swept, invertAll(ops))).toEqual(before);
  expect(applyAll(swept, setAxis(swept, "4", "cfg", null)).nodes["4"]).toEqual(before.nodes["4"]);
});

test("other marks of the node stay, and what is no text is no axis", () => {
  const before = textToImage();
  const named = applyAll(before, exposeInput(before, "4", "seed", "number"));
  const swept = applyAll(named, setAxis(named, "4", "cfg", "1"));
  expect(swept.nodes["4"]!.properties["wireloom"]).toEqual({ inputs: { seed: "number" }, axes: { cfg: "1" } });
  const odd = { ...swept.nodes["4"]!, properties: { wireloom: { axes: { cfg: 3, steps: "1" } } } };
  expect(axesOn(odd)).toEqual({ steps: "1" });
});

test("an axis inside of a subgraph is found by the node that stands for it", () => {
  const { doc, instance } = nested();
  const swept = within(doc, [instance], (level) => setAxis(level, "4", "steps", "1, 2"));
  const [axis] = axesOf(swept);
  expect(axis).toMatchObject({ path: [instance], id: "4", input: "steps" });
  expect(addressOf(swept, axis!)).toBe(`${instance}:4.steps`);
  expect(placeOfAddress(swept, `${instance}:4.steps`)).toEqual({ path: [instance], id: "4", input: "steps" });
});

test("a widget that a subgraph shows is one of a node within, and back", () => {
  const { doc, instance } = nested();
  const shown = within(doc, [instance], (level) =>
    promote(level, "4", "steps", specOf(level, level.nodes["4"]!, SPECS)!, "port"),
  );
  const outside = { path: [], id: instance, input: "steps" };
  expect(addressOf(shown, outside)).toBe(`${instance}:4.steps`);
  expect(placeOfAddress(shown, `${instance}:4.steps`)).toEqual(outside);
  expect(addressOf(shown, { ...outside, input: "nothing" })).toBeNull();
  expect(placeOfAddress(shown, "77.steps")).toBeNull();
});
