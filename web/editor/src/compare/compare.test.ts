import { expect, test } from "vitest";
import type { Difference, NodeName } from "../api/comparing";
import { SPECS } from "../graph/fixtures";
import { textToImage } from "../graph/subgraph_fixtures";
import { ghostsOf } from "./ghosts";
import { countsOf, groupsOf, marksOf } from "./groups";
import { inlineDiff, linkSentence, nodeSentence, type Sentence, valueSentence } from "./sentences";

const EQUAL: Difference = { equal: true, only_a: [], only_b: [], nodes: [], values: [], links: [] };

function named(a: string | null, b: string | null, type = "Sampler", title: string | null = null): NodeName {
  return { a, b, type, title };
}

function read({ parts, long = [] }: Sentence): string {
  return [...parts, ...long].map(({ text, mark }) => (mark ? `[${mark} ${text}]` : text)).join("");
}

const node = named("4", "4");

test.each([
  [20, 30, "steps was [gone 20], is [new 30]."],
  [null, "euler", "steps was [gone not given], is [new “euler”]."],
  [12345678901234567890n, 1, "steps was [gone 12345678901234567890], is [new 1]."],
  ["a cat", "a dog", "steps was [gone “a cat”], is [new “a dog”]."],
])("a value that went from %s to %s is told in a sentence", (before, after, told) => {
  expect(read(valueSentence({ node, input: "steps", before, after }))).toBe(told);
});

test("of long texts only what differs stands out", () => {
  const [before, after] = ["a small red cat on a mat\nat noon", "a small blue cat on a mat\nat noon, in the rain"];
  expect(read(valueSentence({ node, input: "text", before, after }))).toBe(
    "text has changed:a small [gone red][new blue] cat on a mat\nat noon[new , in the rain]",
  );
});

test("texts that have nothing in common are shown one after the other", () => {
  const texts = ["a", "b"].map((word) => Array.from({ length: 20_000 }, (_, at) => `${word}${at}`).join(" "));
  expect(inlineDiff(texts[0]!, texts[1]!).map(({ mark }) => mark)).toEqual(["gone", "new"]);
});

test("a link is told by what it comes from; where it is gone, the constant is", () => {
  const before = { node: named("1", "1", "Loader"), slot: 0, output: "MODEL" };
  const after = { node: named(null, "9", "Loader", "Mine"), slot: 0, output: "" };
  const change = { node, input: "model", value: null };
  expect(read(linkSentence({ ...change, before, after }, SPECS))).toBe(
    "model came from [gone Loader (MODEL)], comes from [new Mine].",
  );
  expect(read(linkSentence({ ...change, before, after: null }, SPECS))).toContain("[new nowhere]");
  expect(read(linkSentence({ ...change, before, after: null, value: 5 }, SPECS))).toContain("[new 5]");
});

test("what a node is has its own words", () => {
  expect(read(nodeSentence({ node, what: "mode", before: "normal", after: "muted" }))).toBe(
    "The mode was [gone normal], is [new muted].",
  );
  expect(read(nodeSentence({ node, what: "title", before: null, after: "Draw" }))).toBe(
    "The title was [gone not its own], is [new “Draw”].",
  );
});

test("all that is told of a node stands together, after the nodes that came and went", () => {
  const groups = groupsOf(
    {
      ...EQUAL,
      equal: false,
      only_a: [named("7", null, "Save")],
      only_b: [named(null, "5", "subgraph Draw"), named(null, "5:1"), named(null, "5:2:1")],
      nodes: [{ node, what: "mode", before: "normal", after: "muted" }],
      values: [{ node, input: "steps", before: 1, after: 2 }],
    },
    SPECS,
  );
  expect(groups.map(({ kind, name, sentences }) => [kind, name, sentences.length])).toEqual([
    ["removed", "Save", 0],
    ["added", "subgraph Draw", 1],
    ["changed", "Sampler", 2],
  ]);
  expect(read(groups[1]!.sentences[0]!)).toBe("With 2 nodes inside.");
  expect(countsOf(groups)).toEqual({ added: 1, removed: 1, changed: 1 });
  expect(groupsOf(EQUAL, SPECS)).toEqual([]);
});

test("the canvas marks nodes of the workflow that is open, and the subgraphs that hold them", () => {
  const marks = marksOf({
    ...EQUAL,
    only_a: [named("7", null)],
    only_b: [named(null, "8")],
    values: [
      { node: named("3", "4"), input: "steps", before: 1, after: 2 },
      { node: named("5:2:1", "5:2:1"), input: "steps", before: 1, after: 2 },
    ],
  });
  expect(Object.fromEntries(marks)).toEqual({
    "4": "changed",
    "5": "inside",
    "5:2": "inside",
    "5:2:1": "changed",
    "8": "added",
  });
});

test("a node that is gone is drawn where it lay, or beside the others if nobody knows", () => {
  const doc = textToImage();
  const gone = [named("6", null, "Save")];
  const [there] = ghostsOf(gone, doc, doc, SPECS);
  expect(there).toMatchObject({ id: "6", level: "", name: "Save", x: doc.nodes["6"]!.pos[0] });
  const [beside] = ghostsOf(gone, null, doc, SPECS);
  expect(beside!.x + beside!.width).toBeLessThan(Math.min(...Object.values(doc.nodes).map(({ pos }) => pos[0])));
});
