// @vitest-environment node
import { beforeEach, expect, it } from "vitest";
import { addNode } from "../graph/edits";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc, NodeSpec } from "../graph/types";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { pictureOf, selectedPicture } from "./target";

const LOAD = {
  name: "LoadImage",
  display_name: "Load Image",
  input: { required: { strength: ["FLOAT", {}], image: [["cat.png"], { image_upload: true }] } },
  input_order: { required: ["strength", "image"] },
  output: ["IMAGE", "MASK"],
  output_name: ["IMAGE", "MASK"],
  output_is_list: [false, false],
} as unknown as NodeSpec;
const SPECS = { LoadImage: LOAD };

function loading(...values: string[]): Doc {
  return values.reduce((doc, value) => applyAll(doc, addNode(doc, LOAD, [0, 0], [1, value, "image"]).ops), emptyDoc());
}

beforeEach(() => useSpecs.setState({ specs: SPECS }));

it("a node's picture is found where its widget is", () => {
  const doc = loading("clipspace/cat.png [input]");
  expect(pictureOf(doc, doc.order[0]!, SPECS)).toEqual({
    node: doc.order[0],
    name: "image",
    index: 1,
    value: "clipspace/cat.png [input]",
  });
});

it("a node that has chosen no picture, or is of a type nobody knows, has none", () => {
  const doc = loading("");
  expect(pictureOf(doc, doc.order[0]!, SPECS)).toBeNull();
  expect(pictureOf(doc, doc.order[0]!, {})).toBeNull();
});

it("the command is about one selected node, not about several", () => {
  const doc = loading("cat.png", "dog.png");
  const { open, select } = useWorkspace.getState();
  open("pictures", doc);
  expect(selectedPicture()).toBeNull();
  select([doc.order[1]!]);
  expect(selectedPicture()).toMatchObject({ value: "dog.png" });
  select(doc.order);
  expect(selectedPicture()).toBeNull();
});
