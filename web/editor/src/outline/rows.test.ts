import { expect, test } from "vitest";
import { addNode, connect, setNode } from "../graph/edits";
import { SPECS } from "../graph/fixtures";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc } from "../graph/types";
import { nodeKey, rowsOf } from "./rows";

/** Decode was added first, and is fed by Empty and by the third output of Loader. */
function workflow(): Doc {
  let doc = emptyDoc();
  for (const name of ["Decode", "Loader", "Empty", "Sampler"])
    doc = applyAll(doc, addNode(doc, SPECS[name]!, [0, 0]).ops);
  doc = applyAll(doc, connect(doc, "3", 0, "1", 0));
  doc = applyAll(doc, connect(doc, "2", 2, "1", 1));
  return applyAll(doc, setNode(doc, "3", { title: "Canvas" }));
}

const lines = (doc: Doc, ...open: string[]) =>
  rowsOf(doc, SPECS, new Set(open)).map((row) => `${row.level} ${row.name}${"text" in row ? `: ${row.text}` : ""}`);

test("nodes stand in the order in which they run", () => {
  expect(lines(workflow())).toEqual(["1 Canvas", "1 Loader", "1 Decode", "1 Sampler"]);
});

test("below an open node stand its inputs with what feeds them, then its outputs with what they feed", () => {
  expect(lines(workflow(), nodeKey("1"), nodeKey("2"))).toEqual([
    "1 Canvas",
    "1 Loader",
    "2 ckpt_name: a.safetensors",
    "2 MODEL: feeds nothing",
    "2 CLIP: feeds nothing",
    "2 VAE: feeds Decode.vae",
    "3 to Decode.vae",
    "1 Decode",
    "2 samples: from Canvas.LATENT",
    "2 vae: from Loader.VAE",
    "2 IMAGE: feeds nothing",
    "1 Sampler",
  ]);
});

test("values are said with what becomes of them, and sockets that may stay empty as such", () => {
  expect(lines(workflow(), nodeKey("4")).slice(4)).toEqual([
    "2 model: not connected",
    "2 positive: not connected",
    "2 latent_image: not connected",
    "2 strength: optional, not connected",
    "2 seed: 0",
    "2 after a run: randomize",
    "2 steps: 20",
    "2 cfg: 8",
    "2 sampler_name: euler",
    "2 LATENT: feeds nothing",
  ]);
});

test("each line knows its place among its siblings, and whether it is open", () => {
  const rows = rowsOf(workflow(), SPECS, new Set([nodeKey("2")]));
  expect(rows.map(({ at, of, open }) => [at, of, open])).toEqual([
    [1, 4, false],
    [2, 4, true],
    [1, 4, undefined],
    [2, 4, undefined],
    [3, 4, undefined],
    [4, 4, true],
    [1, 1, undefined],
    [3, 4, false],
    [4, 4, false],
  ]);
});

test("a closed output hides its wires", () => {
  const doc = workflow();
  expect(lines(doc, nodeKey("2"), "2 out:2")).not.toContain("3 to Decode.vae");
});
