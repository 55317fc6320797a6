import { expect, it } from "vitest";
import { axesOf, axesOn, setAxis } from "./axes";
import { copied, paste } from "./clipboard";
import { exposedOf, exposeInput, exposeOutput, publicNames } from "./exposed";
import { applyAll, emptyDoc } from "./ops";
import { privateOf, togglePrivate } from "./private";
import { textToImage } from "./subgraph_fixtures";
import type { Doc, Op } from "./types";

/** Words and picture are in the form, the words are private, and two inputs are swept. */
function marked(): Doc {
  const marks: ((doc: Doc) => Op[])[] = [
    (doc) => exposeInput(doc, "2", "text", "words"),
    (doc) => togglePrivate(doc, "2", "text"),
    (doc) => exposeOutput(doc, "6", "picture"),
    (doc) => setAxis(doc, "4", "cfg", "1, 2"),
    (doc) => setAxis(doc, "3", "width", "64, 128"),
  ];
  return marks.reduce((doc, mark) => applyAll(doc, mark(doc)), textToImage());
}

const added = (doc: Doc, from: Doc, ids: string[]) => {
  const { ops, ids: made } = paste(doc, copied(from, ids), [0, 0]);
  const after = applyAll(doc, ops);
  return { after, nodes: made.map((id) => after.nodes[id]!) };
};

it("a copy beside the original is in no form and not swept, and is as private", () => {
  const { after, nodes } = added(marked(), marked(), ["2", "6", "4"]);
  expect(nodes.map((node) => [exposedOf(node), axesOn(node)])).toEqual(
    Array(3).fill([{ inputs: {}, output: null }, {}]),
  );
  expect(privateOf(nodes[0]!)).toEqual(["text"]);
  expect(publicNames(after, "inputs")).toEqual(["words"]);
  expect(axesOf(after)).toHaveLength(2);
});

it("in another workflow it keeps all of that, once", () => {
  const first = added(emptyDoc(), marked(), ["2", "6", "3", "4"]);
  expect(publicNames(first.after, "inputs")).toEqual(["words"]);
  expect(publicNames(first.after, "outputs")).toEqual(["picture"]);
  expect(axesOf(first.after).map(({ text }) => text)).toEqual(["64, 128", "1, 2"]);
  const again = added(first.after, marked(), ["2", "6", "3", "4"]).after;
  expect(publicNames(again, "inputs")).toEqual(["words"]);
  expect(axesOf(again)).toHaveLength(2);
});
