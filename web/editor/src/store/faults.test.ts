import { beforeEach, expect, test } from "vitest";
import { addNode, connect, disconnect, moveNodes, setNode, setValue } from "../graph/edits";
import { SPECS } from "../graph/fixtures";
import { makeSubgraph } from "../graph/make_subgraph";
import { applyAll, emptyDoc } from "../graph/ops";
import { numbered, textToImage } from "../graph/subgraph_fixtures";
import type { Doc, Op } from "../graph/types";
import { addFaults, followEdits, replaceFaults } from "./faults";
import { isWithin, useRun, type Fault } from "./run";
import { useSpecs } from "./specs";
import { activeDoc, activeTab, useWorkspace } from "./workspace";

const STEPS = 2;
const SEED = 0;
let tab = "";

/** 1 Loader and 2 Sampler, not wired; 3 Decode takes the Sampler's latent and feeds 4 Save. */
beforeEach(() => {
  useSpecs.setState({ specs: SPECS, state: "ready" });
  let doc = emptyDoc();
  for (const type of ["Loader", "Sampler", "Decode", "Save"])
    doc = applyAll(doc, addNode(doc, SPECS[type]!, [0, 0]).ops);
  doc = applyAll(doc, connect(doc, "2", 0, "3", 0));
  doc = applyAll(doc, connect(doc, "3", 0, "4", 0));
  tab = useWorkspace.getState().open("test", doc);
  return followEdits();
});

const now = (): Doc => activeTab(useWorkspace.getState()).doc;
const edit = (of: (doc: Doc) => readonly Op[]) => useWorkspace.getState().edit("edit", of(now()));
const standing = () => useRun.getState().faults[tab];
const fault = (node: string | null, input: string | null): Fault => ({ node, input, message: "m", details: "" });

test("a fault of an input is gone once that is wired, and back when that is undone", () => {
  const missing = fault("2", "model");
  replaceFaults(tab, [missing, fault("2", "positive")], now());
  edit((doc) => connect(doc, "1", 0, "2", 0));
  expect(standing()).toEqual([fault("2", "positive")]);
  useWorkspace.getState().undo();
  expect(standing()).toEqual([missing, fault("2", "positive")]);
});

test("a fault of a value is gone once that is another, and stays while others change", () => {
  replaceFaults(tab, [fault("2", "steps")], now());
  edit((doc) => setValue(doc, "2", SEED, 7));
  expect(standing()).toHaveLength(1);
  edit((doc) => setValue(doc, "2", STEPS, 7));
  expect(standing()).toEqual([]);
});

test("a failure is gone once something that the node is made from changes, and the node is no longer marked", () => {
  useRun.setState(({ runs }) => ({
    runs: { ...runs, [tab]: { jobId: "j", state: "failed", nodes: { 3: { state: "error" } } } },
  }));
  addFaults(tab, [fault("3", null)], now());
  edit((doc) => setNode(doc, "3", { title: "Red", color: "#f00" }));
  edit((doc) => moveNodes(doc, new Map([["2", [50, 50]]])));
  edit((doc) => setValue(doc, "4", 0, "elsewhere")); // what comes after it
  expect(standing()).toHaveLength(1);
  edit((doc) => setValue(doc, "2", STEPS, 5));
  expect(standing()).toEqual([]);
  expect(useRun.getState().runs[tab]?.nodes).toEqual({});
});

test("a seed that moves on by itself does not make a failure go away", () => {
  replaceFaults(tab, [fault("3", null)], now());
  edit((doc) => setValue(doc, "2", SEED, 99));
  expect(standing()).toHaveLength(1);
});

test("a fault of the whole is gone once the outputs are made of something else", () => {
  replaceFaults(tab, [fault(null, null)], now());
  edit((doc) => addNode(doc, SPECS["Loader"]!, [0, 0]).ops); // nothing needs it
  expect(standing()).toHaveLength(1);
  edit((doc) => connect(doc, "1", 2, "3", 1));
  expect(standing()).toEqual([]);
});

/** Node 7 of the open workflow stands for a subgraph of an encoder 2, a canvas 3 and a sampler 4. */
function openSubgraph(): void {
  const doc = textToImage();
  const { ops } = makeSubgraph(doc, { nodes: ["2", "3", "4"], name: "Draw", newId: numbered() }, SPECS)!;
  tab = useWorkspace.getState().open("nested", applyAll(doc, ops));
}

test("a fault inside of a subgraph is at the node inside, and gone once that is mended there", () => {
  openSubgraph();
  replaceFaults(tab, [fault("7:4", "steps"), fault("7:4:1", "x")], now());
  expect(standing()).toEqual([fault("7:4", "steps"), fault("7:4", null)]);
  expect(standing()!.every((each) => isWithin(each, "7"))).toBe(true);
  useWorkspace.getState().goInto(["7"]);
  useWorkspace.getState().edit("edit", setValue(activeDoc(useWorkspace.getState()), "4", STEPS, 7));
  expect(standing()).toEqual([]);
});

test("a missing input that comes from outside is gone once it is wired there", () => {
  openSubgraph();
  edit((doc) => disconnect(doc, Object.values(doc.links).find(({ to, toSlot }) => to === "7" && toSlot === 1)!.id));
  replaceFaults(tab, [fault("7:4", "model"), fault("7:2", "clip")], now());
  edit((doc) => connect(doc, "1", 0, "7", 1));
  expect(standing()).toEqual([fault("7:2", "clip")]);
});

test("the nodes around one that failed are marked no longer than it", () => {
  openSubgraph();
  const failed = { "7": { state: "error" }, "7:4": { state: "error" } } as const;
  useRun.setState(({ runs }) => ({ runs: { ...runs, [tab]: { jobId: "j", state: "failed", nodes: failed } } }));
  addFaults(tab, [fault("7:4", null)], now());
  edit((doc) => setValue(doc, "1", 0, "another"));
  expect(standing()).toEqual([]);
  expect(useRun.getState().runs[tab]?.nodes).toEqual({});
});
