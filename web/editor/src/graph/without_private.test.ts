import { expect, it } from "vitest";
import { connect, setNode, setValue } from "./edits";
import { SPECS } from "./fixtures";
import { makeSubgraph } from "./make_subgraph";
import { jsonText } from "./json";
import { applyAll } from "./ops";
import { togglePrivate } from "./private";
import { saveDoc } from "./save";
import { promote } from "./promote";
import { numbered, textToImage, within } from "./subgraph_fixtures";
import { specOf } from "./subgraphs";
import type { Doc, NodeId } from "./types";
import { withoutPrivate } from "./without_private";

const SECRET = "what nobody should read";
const told = (doc: Doc) => jsonText(saveDoc(doc));
const hide = (doc: Doc, id: NodeId, name: string) => applyAll(doc, togglePrivate(doc, id, name));
const set = (doc: Doc, id: NodeId, index: number, value: unknown) => applyAll(doc, setValue(doc, id, index, value));

/** Text to image, the words of node 2 being the secret. */
const secretive = () => set(textToImage(), "2", 0, SECRET);

it("leaves out what is private, and nothing else", () => {
  const doc = hide(set(secretive(), "3", 0, 768), "2", "text");
  const left = withoutPrivate(doc, SPECS);
  expect(left.nodes["2"]!.values).toEqual([""]);
  expect({ ...left, nodes: { ...left.nodes, 2: doc.nodes["2"] } }).toEqual(doc);
  expect(withoutPrivate(secretive(), SPECS)).toEqual(secretive());
});

it("an input gets its initial value; small numbers go at their own place alone, large ones wherever they stand", () => {
  const sizes = set(set(textToImage(), "3", 0, 768), "3", 1, 768);
  expect(withoutPrivate(hide(sizes, "3", "width"), SPECS).nodes["3"]!.values).toEqual([512, 768]);
  const large = set(set(textToImage(), "3", 0, 2048), "3", 1, 2048);
  expect(withoutPrivate(hide(large, "3", "width"), SPECS).nodes["3"]!.values).toEqual([512, 512]);
});

it("what feeds a private input is private too", () => {
  const doc = hide(secretive(), "4", "positive");
  expect(told(withoutPrivate(doc, SPECS))).not.toContain(SECRET);
});

it("of a node that nobody knows all values go", () => {
  const strange = applyAll(secretive(), setNode(secretive(), "2", { type: "Strange" }));
  expect(told(withoutPrivate(hide(strange, "2", "whatever"), SPECS))).not.toContain(SECRET);
});

/** The words in a subgraph, which shows them outside; marks are given at one of the two nodes. */
function within7(): Doc {
  const doc = secretive();
  const newId = numbered();
  const made = applyAll(doc, makeSubgraph(doc, { nodes: ["2"], name: "Inner", newId }, SPECS)!.ops);
  return within(made, ["7"], (level) => promote(level, "2", "text", specOf(level, level.nodes["2"]!, SPECS)!, newId()));
}

it("goes into subgraphs: from the mark of the node inside to what is shown outside, and back", () => {
  const doc = within7();
  expect(told(doc).split(SECRET).length).toBeGreaterThan(1);
  const inside = within(doc, ["7"], (level) => togglePrivate(level, "2", "text"));
  expect(told(withoutPrivate(inside, SPECS))).not.toContain(SECRET);
  expect(told(withoutPrivate(hide(doc, "7", "text"), SPECS))).not.toContain(SECRET);
});

it("what feeds a subgraph whose input is private inside is private too", () => {
  const doc = secretive();
  const made = applyAll(doc, makeSubgraph(doc, { nodes: ["4"], name: "Inner", newId: numbered() }, SPECS)!.ops);
  const inside = within(made, ["7"], (level) => togglePrivate(level, "4", "positive"));
  expect(told(inside)).toContain(SECRET);
  expect(told(withoutPrivate(inside, SPECS))).not.toContain(SECRET);
});

it("wires that go in circles end", () => {
  const doc = hide(secretive(), "4", "positive");
  expect(() => withoutPrivate(applyAll(doc, connect(doc, "5", 0, "2", 1)), SPECS)).not.toThrow();
});
