import { expect, test } from "vitest";
import { addNode, connect } from "./edits";
import { SPECS } from "./fixtures";
import { applyAll, emptyDoc } from "./ops";
import { canRunTo, isSilent, withProbes } from "./probes";
import type { Doc, Specs } from "./types";

const Decode = SPECS["Decode"]!;
const Save = SPECS["Save"]!;
const WITH_PREVIEWS: Specs = {
  ...SPECS,
  VAEDecode: { ...Decode, name: "VAEDecode" },
  PreviewImage: { ...Save, name: "PreviewImage" },
  PreviewAny: { ...Save, name: "PreviewAny", input: { ...Save.input, required: { source: ["*"] } }, input_order: {} },
};

/** 1 Loader feeds 2 Sampler, which feeds 3 Decode (with the Loader's VAE), which feeds 4 Save. */
function textToImage(): Doc {
  let doc = emptyDoc();
  for (const type of ["Loader", "Sampler", "Decode", "Save"])
    doc = applyAll(doc, addNode(doc, SPECS[type]!, [0, 0]).ops);
  for (const [from, fromSlot, to, toSlot] of [
    ["1", 0, "2", 0],
    ["2", 0, "3", 0],
    ["1", 2, "3", 1],
    ["3", 0, "4", 0],
  ] as const)
    doc = applyAll(doc, connect(doc, from, fromSlot, to, toSlot));
  return doc;
}

const wires = (doc: Doc, to: string) =>
  Object.values(doc.links)
    .filter((link) => link.to === to)
    .map(({ from, fromSlot, toSlot }) => [from, fromSlot, toSlot]);

test("an output is run itself, and the document is left as it is", () => {
  const doc = textToImage();
  expect(withProbes(doc, WITH_PREVIEWS, ["4"])).toEqual({ doc, targets: ["4"] });
});

test("a node that makes pictures gets a preview of them, inside of itself", () => {
  const { doc, targets } = withProbes(textToImage(), WITH_PREVIEWS, ["3"]);
  expect(targets).toEqual(["3:show0"]);
  expect(doc.nodes["3:show0"]?.type).toBe("PreviewImage");
  expect(wires(doc, "3:show0")).toEqual([["3", 0, 0]]);
});

test("a latent is decoded by the nearest VAE", () => {
  const { doc, targets } = withProbes(textToImage(), WITH_PREVIEWS, ["2"]);
  expect(targets).toEqual(["2:show0"]);
  expect(wires(doc, "2:show0")).toEqual([["2:make0", 0, 0]]);
  expect(wires(doc, "2:make0")).toEqual([
    ["2", 0, 0],
    ["1", 2, 1],
  ]);
});

test("what cannot be seen is run all the same, in silence", () => {
  const { doc, targets } = withProbes(textToImage(), WITH_PREVIEWS, ["1"]);
  expect(targets).toEqual(["1:run"]);
  expect(wires(doc, "1:run")).toEqual([["1", 0, 0]]);
  expect(isSilent("1:run")).toBe(true);
});

test("muted nodes, notes and unknown ones cannot be run to", () => {
  const doc = textToImage();
  const muted = { ...doc, nodes: { ...doc.nodes, 3: { ...doc.nodes["3"]!, mode: 2 } } };
  expect(["1", "2", "3", "4", "9"].map((id) => canRunTo(muted, WITH_PREVIEWS, id))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
  expect(canRunTo(doc, SPECS, "2")).toBe(false); // a server without the nodes that show things
});
