import { expect, test } from "vitest";
import { fakeServer, reply } from "../api/fakes";
import { setValue } from "../graph/edits";
import { SPECS } from "../graph/fixtures";
import { makeSubgraph } from "../graph/make_subgraph";
import { applyAll } from "../graph/ops";
import { numbered, textToImage } from "../graph/subgraph_fixtures";
import { placeAt } from "../graph/within";
import { useWorkspace } from "../store/workspace";
import { changedModels, renameModel } from "./models";
import { addModels, showReport, useReport } from "./report";
import { NOTHING_MISSING } from "./missing";

const MOVED = {
  folder: "checkpoints",
  name: "gone.safetensors",
  found: "renamed",
  here: "b.safetensors",
  text: "",
} as const;

function loadingGone() {
  const doc = textToImage();
  return applyAll(doc, setValue(doc, "1", 0, "gone.safetensors"));
}

test("a file that is here under another name is put in its place where the input offers it", () => {
  const doc = loadingGone();
  const after = applyAll(doc, renameModel(doc, SPECS, "gone.safetensors", "b.safetensors"));
  expect(after.nodes["1"]!.values).toEqual(["b.safetensors"]);
  expect(renameModel(doc, SPECS, "gone.safetensors", "nowhere.safetensors")).toEqual([]);
  expect(renameModel(doc, SPECS, "a.safetensors", "b.safetensors")).toEqual([]);
});

test("also inside of a subgraph", () => {
  const doc = loadingGone();
  const making = { nodes: ["1", "2"], name: "Words", newId: numbered() };
  const { ops, id } = makeSubgraph(doc, making, SPECS)!;
  const packed = applyAll(doc, ops);
  const after = applyAll(packed, renameModel(packed, SPECS, "gone.safetensors", "b.safetensors"));
  const inside = placeAt(after, [id]).doc;
  expect(Object.values(inside.nodes).find(({ type }) => type === "Loader")!.values).toEqual(["b.safetensors"]);
});

test("only what is not as it was is told, and not what is missing anyway", async () => {
  const all = ["same", "renamed", "replaced", "similar", "missing", "unknown"].map((found) => ({ ...MOVED, found }));
  fakeServer({ "POST /v1/workflows/files": { files: all }, "GET /api/object_info": reply({}) });
  expect((await changedModels({})).map(({ found }) => found)).toEqual(["renamed", "replaced", "similar"]);
});

test("a file that is found under another name is no longer missing in the report", () => {
  const tab = useWorkspace.getState().active;
  const value = { nodes: ["1"], title: "Loader", input: "ckpt_name", value: MOVED.name };
  const missing = { ...NOTHING_MISSING, values: [value, { ...value, value: "other" }] };
  showReport({ tab, name: "a", missing, leftOut: [], models: [] });
  addModels(tab, "a", [MOVED]);
  expect(useReport.getState().report).toMatchObject({ missing: { values: [{ value: "other" }] }, models: [MOVED] });
  showReport(null);
  addModels(tab, "a", []);
  addModels("a tab that was closed", "a", [MOVED]);
  expect(useReport.getState().report).toBeNull();
});
