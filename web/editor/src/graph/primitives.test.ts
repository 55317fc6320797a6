// @vitest-environment node
import { expect, test } from "vitest";
import { whyNot } from "./connect";
import { addNode, adopt, connectWidget, disconnect } from "./edits";
import { SPECS } from "./fixtures";
import { applyAll, emptyDoc } from "./ops";
import type { Doc } from "./types";
import { EDITOR_ONLY, PRIMITIVE } from "./virtual";

/** Sampler 1, loader 2, primitive 3. */
function workflow(): Doc {
  let doc = emptyDoc();
  for (const spec of [SPECS["Sampler"]!, SPECS["Loader"]!, EDITOR_ONLY[PRIMITIVE]!])
    doc = applyAll(doc, addNode(doc, spec, [0, 0]).ops);
  return doc;
}

function fed(doc: Doc, to: string, widget: string): Doc {
  const spec = SPECS[doc.nodes[to]!.type];
  const adopted = applyAll(doc, adopt(doc, "3", to, widget, spec));
  return applyAll(adopted, connectWidget(adopted, "3", 0, to, widget, spec));
}

const primitive = (doc: Doc) => doc.nodes["3"]!;

test("a primitive becomes what it feeds, and begins with the value that is there", () => {
  const doc = fed(workflow(), "1", "steps");
  expect(primitive(doc).values).toEqual([20, "fixed"]);
  expect(primitive(doc).outputs[0]).toMatchObject({ name: "INT", type: "INT", rest: { widget: { name: "steps" } } });
});

test("for a choice it holds a filter too", () => {
  expect(primitive(fed(workflow(), "2", "ckpt_name")).values).toEqual(["a.safetensors", "fixed", ""]);
});

test("once it feeds something it stays what it is", () => {
  const doc = fed(workflow(), "1", "steps");
  expect(adopt(doc, "3", "1", "cfg", SPECS["Sampler"])).toEqual([]);
  expect(whyNot(doc, SPECS, "3", 0, "1", "cfg")).toBe("INT does not fit FLOAT.");
});

test("unplugged, it may become another kind, and keeps its value for the same kind", () => {
  const doc = fed(workflow(), "1", "steps");
  const [link] = Object.values(doc.links);
  const free = applyAll(doc, disconnect(doc, link!.id));
  expect(whyNot(free, SPECS, "3", 0, "1", "cfg")).toBeNull();
  expect(primitive(fed(free, "1", "cfg")).values).toEqual([8, "fixed"]);
  expect(primitive(fed(free, "1", "seed")).values).toEqual([20, "fixed"]);
});

test("it feeds widgets only", () => {
  expect(whyNot(workflow(), SPECS, "3", 0, "1", 0)).toBe("A primitive feeds widgets only.");
});
