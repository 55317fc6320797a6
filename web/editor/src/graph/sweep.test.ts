import { expect, test } from "vitest";
import { setAxis } from "./axes";
import { connect, connectWidget, removeNodes, setNode, addNode } from "./edits";
import { SPECS } from "./fixtures";
import { widgetsOf } from "./inputs";
import { makeSubgraph } from "./make_subgraph";
import { applyAll } from "./ops";
import { togglePrivate } from "./private";
import { instancesIn, numbered, textToImage, within } from "./subgraph_fixtures";
import { NoSweep, withSweep } from "./sweep";
import type { Doc, NodeSpec, Op, Specs } from "./types";

const { Save, Decode } = SPECS as { Save: NodeSpec; Decode: NodeSpec };
const plot = {
  image: ["IMAGE"], x_input: ["STRING", {}], x_values: ["STRING", { multiline: true }],
}; // prettier-ignore
const more = { y_input: ["STRING", {}], y_values: ["STRING", { multiline: true }], title: ["STRING", {}] };
const WITH_SWEEPS: Specs = {
  ...SPECS,
  PlotXY: {
    ...Decode,
    name: "PlotXY",
    input: { required: plot, optional: more, hidden: undefined },
    input_order: { required: Object.keys(plot), optional: Object.keys(more) },
    output: ["IMAGE", "IMAGE", "SWEEP"],
    output_name: ["IMAGE", "cells", "SWEEP"],
    output_is_list: [false, true, false],
  },
  SaveSweep: {
    ...Save,
    name: "SaveSweep",
    input: {
      required: { image: ["IMAGE"], cells: ["IMAGE"], sweep: ["SWEEP"], filename_prefix: ["STRING", {}] },
      optional: {},
      hidden: undefined,
    },
    input_order: {},
  },
};

/** Each change is made on the document after the one before. */
function edited(doc: Doc, ...changes: ((doc: Doc) => readonly Op[])[]): Doc {
  return changes.reduce((now, change) => applyAll(now, change(now)), doc);
}

const swept = () =>
  edited(
    textToImage(),
    (doc) => setAxis(doc, "4", "steps", "1..3"),
    (doc) => setAxis(doc, "2", "text", "a cat\na dog"),
  );

function valuesAt(doc: Doc, id: string): Record<string, unknown> {
  const node = doc.nodes[id]!;
  return Object.fromEntries(widgetsOf(node, WITH_SWEEPS[node.type]!).map(({ name, value }) => [name, value]));
}

const wires = (doc: Doc, to: string) =>
  Object.values(doc.links).flatMap((link) =>
    link.to === to ? [`${link.from} ${link.fromSlot} ${doc.nodes[to]!.inputs[link.toSlot]!.name}`] : [],
  );

test("a node that sweeps and one that saves come behind the picture, in the order of the nodes", () => {
  const { doc, targets } = withSweep(swept(), WITH_SWEEPS, []);
  expect(targets).toEqual(["6:sweep"]);
  expect(valuesAt(doc, "6:plot")).toMatchObject({
    x_input: "2.text",
    x_values: "a cat\na dog",
    y_input: "4.steps",
    y_values: "1..3",
  });
  expect(valuesAt(doc, "6:sweep")).toEqual({ filename_prefix: "out_sweep" });
  expect(wires(doc, "6:plot")).toEqual(["5 0 image"]);
  expect(wires(doc, "6:sweep")).toEqual(["6:plot 0 image", "6:plot 1 cells", "6:plot 2 sweep"]);
});

test("of several outputs it is the selected one, or the first on which the axes have an effect", () => {
  const two = edited(
    swept(),
    (doc) => addNode(doc, SPECS["Load"]!, [0, 0]).ops,
    (doc) => addNode(doc, Save, [0, 0]).ops,
    (doc) => connect(doc, "7", 0, "8", 0),
    (doc) => addNode(doc, Save, [0, 0]).ops,
    (doc) => connect(doc, "5", 0, "9", 0),
  );
  expect(withSweep(two, WITH_SWEEPS, []).targets).toEqual(["6:sweep"]);
  expect(withSweep(two, WITH_SWEEPS, ["9"]).targets).toEqual(["9:sweep"]);
  expect(withSweep(two, WITH_SWEEPS, ["8", "4"]).targets).toEqual(["6:sweep"]);
  const bare = edited(two, (doc) => removeNodes(doc, ["6", "8", "9"]));
  expect(withSweep(bare, WITH_SWEEPS, ["5"]).targets).toEqual(["5:sweep"]);
  expect(() => withSweep(bare, WITH_SWEEPS, ["7"])).toThrow("text of Encode has no part in the picture of Load");
  expect(() => withSweep(bare, WITH_SWEEPS, [])).toThrow("There is no picture to sweep");
});

test("inputs inside of a subgraph are swept there; if it is used twice, nobody knows which is meant", () => {
  const inside = edited(
    textToImage(),
    (doc) => makeSubgraph(doc, { nodes: ["2", "4"], name: "inside", newId: numbered() }, SPECS)!.ops,
  );
  const [instance] = instancesIn(inside) as [string];
  const once = within(inside, [instance], (level) => setAxis(level, "4", "steps", "1, 2"));
  expect(valuesAt(withSweep(once, WITH_SWEEPS, []).doc, "6:plot")).toMatchObject({ x_input: `${instance}:4.steps` });
  const twin = { ...once.nodes[instance]!, id: "20" };
  const twice = applyAll(once, [
    { of: "nodes", id: "20", before: null, after: twin },
    { of: "doc", before: { order: once.order }, after: { order: [...once.order, "20"] } },
  ]);
  expect(() => withSweep(twice, WITH_SWEEPS, [])).toThrow("is in a subgraph that is used more than once");
});

test.each<[string, (doc: Doc) => readonly Op[], string]>([
  ["a third input", (doc) => setAxis(doc, "3", "width", "64, 128"), "these are text of Encode, width of Empty, steps of Sampler"], // prettier-ignore
  ["values that do not fit", (doc) => setAxis(doc, "4", "steps", "1, two"), "steps of Sampler: “two” does not fit"],
  ["a muted node", (doc) => setNode(doc, "4", { mode: 2 }), "steps of Sampler cannot be swept: its node is muted"],
  ["a private value", (doc) => togglePrivate(doc, "2", "text"), "text of Encode cannot be swept: it is left out"],
  ["an input that is gone", (doc) => setAxis(edited(doc, (d) => setAxis(d, "4", "steps", null)), "4", "stops", "1"), "stops of Sampler cannot be swept: there is no such input"], // prettier-ignore
  ["a wire", (doc) => connectWidget(doc, "3", 0, "4", "steps", SPECS["Sampler"]), "its value comes through a wire"],
  ["too many pictures", (doc) => [...setAxis(doc, "4", "steps", "1..90"), ...setAxis(doc, "2", "text", Array.from({ length: 5 }, (_, i) => `${i}`).join("\n"))], "5 × 90 values make 450 pictures"], // prettier-ignore
])("%s is refused", (_, change, says) => {
  const doc = applyAll(swept(), change(swept()));
  expect(() => withSweep(doc, WITH_SWEEPS, [])).toThrow(NoSweep);
  expect(() => withSweep(doc, WITH_SWEEPS, [])).toThrow(says);
});

test("nothing to sweep, and no server that can", () => {
  expect(() => withSweep(textToImage(), WITH_SWEEPS, [])).toThrow("No input is swept");
  expect(() => withSweep(swept(), SPECS, [])).toThrow("The server has no nodes for sweeps");
});
