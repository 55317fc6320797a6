import { expect, test } from "vitest";
import { exposedOf, exposeInput, exposeOutput, publicNames } from "./exposed";
import { loadDoc } from "./load";
import { applyAll, invertAll } from "./ops";
import type { Fields } from "./same";
import { saveDoc } from "./save";

function workflow(properties: Fields = {}) {
  return loadDoc({
    version: 0.4,
    nodes: [
      { id: 1, type: "Encode", properties: { "Node name for S&R": "Encode", ...properties } },
      { id: 2, type: "Save", properties: { wireloom: { output: "picture" } } },
    ],
    links: [],
  });
}

function propertiesOf(doc: ReturnType<typeof workflow>): unknown {
  return (saveDoc(doc)["nodes"] as Fields[])[0]!["properties"];
}

test("an input gets a name, is saved with it, and loses it again without a trace", () => {
  const before = workflow();
  const ops = exposeInput(before, "1", "text", "words");
  const named = applyAll(before, ops);
  expect(propertiesOf(named)).toEqual({ "Node name for S&R": "Encode", wireloom: { inputs: { text: "words" } } });
  expect(publicNames(named, "inputs")).toEqual(["words"]);
  expect(applyAll(named, invertAll(ops))).toEqual(before);
  expect(propertiesOf(applyAll(named, exposeInput(named, "1", "text", null)))).toEqual(propertiesOf(before));
});

test("what a node says beside it stays", () => {
  const before = workflow({ wireloom: { private: ["text"], inputs: { text: "words" } } });
  const named = applyAll(before, exposeOutput(before, "1", "said"));
  expect(exposedOf(named.nodes["1"]!)).toEqual({ inputs: { text: "words" }, output: "said" });
  expect(propertiesOf(named)).toMatchObject({ wireloom: { private: ["text"] } });
  expect(publicNames(named, "outputs")).toEqual(["said", "picture"]);
});

test("what others wrote there and cannot be read is passed over", () => {
  const strange = workflow({ wireloom: { inputs: { text: 7, other: "name" }, output: [] } });
  expect(exposedOf(strange.nodes["1"]!)).toEqual({ inputs: { other: "name" }, output: null });
  expect(exposedOf(workflow({ wireloom: "no" }).nodes["1"]!)).toEqual({ inputs: {}, output: null });
});
