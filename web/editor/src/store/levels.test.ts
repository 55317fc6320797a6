// @vitest-environment node
import { beforeEach, expect, it } from "vitest";
import { SPECS } from "../graph/fixtures";
import { makeSubgraph } from "../graph/make_subgraph";
import { applyAll } from "../graph/ops";
import { numbered, textToImage } from "../graph/subgraph_fixtures";
import { setNode, setValue } from "../graph/edits";
import { levelOf } from "../graph/levels";
import { afterQueued } from "../widgets/control";
import { useSpecs } from "./specs";
import { activeDoc, activeTab, newTab, pathText, useWorkspace } from "./workspace";

const workspace = () => useWorkspace.getState();

/** Node 7 of the open workflow stands for a subgraph. */
beforeEach(() => {
  useSpecs.setState({ specs: SPECS, state: "ready" });
  const doc = textToImage();
  const made = makeSubgraph(doc, { nodes: ["2", "3", "4"], name: "Draw", newId: numbered() }, SPECS)!;
  const tab = newTab("test", applyAll(doc, made.ops));
  workspace().restore([tab], tab.id);
});

it("what is edited inside of a node is the inside of its subgraph", () => {
  workspace().goInto(["7"]);
  expect(pathText(activeTab(workspace()))).toBe("7:");
  workspace().edit("title", setNode(activeDoc(workspace()), "4", { title: "inside" }));
  expect(activeDoc(workspace()).nodes["4"]!.title).toBe("inside");
  expect(activeTab(workspace()).doc.nodes["4"]).toBeUndefined();
});

it("undoing shows where it undoes, and redoing too", () => {
  const before = activeTab(workspace()).doc;
  workspace().goInto(["7"]);
  workspace().edit("title", setNode(activeDoc(workspace()), "4", { title: "inside" }));
  workspace().goInto([]);
  workspace().edit("title", setNode(activeDoc(workspace()), "1", { title: "outside" }));
  const after = activeTab(workspace()).doc;
  workspace().undo();
  expect(pathText(activeTab(workspace()))).toBe("");
  workspace().undo();
  expect(pathText(activeTab(workspace()))).toBe("7:");
  expect(activeTab(workspace()).doc).toEqual(before);
  workspace().redo();
  workspace().redo();
  expect(pathText(activeTab(workspace()))).toBe("");
  expect(activeTab(workspace()).doc).toEqual(after);
});

it("typing merges only within one level", () => {
  const type = (id: string, value: number) => {
    workspace().edit("Set", setValue(activeDoc(workspace()), id, 0, value), "value");
  };
  workspace().goInto(["7"]);
  type("4", 1);
  type("4", 2);
  workspace().goInto([]);
  type("1", 3);
  expect(activeTab(workspace()).past).toHaveLength(2);
});

it("where the node that was entered is gone, one is back outside", () => {
  workspace().goInto(["7"]);
  const { doc } = activeTab(workspace());
  workspace().editWhole("away", [{ of: "nodes", id: "7", before: doc.nodes["7"]!, after: null }]);
  expect(pathText(activeTab(workspace()))).toBe("");
});

it("a seed inside moves on after a run", () => {
  const { doc } = activeTab(workspace());
  const id = doc.nodes["7"]!.type;
  const after = applyAll(
    doc,
    afterQueued(doc, SPECS, () => 0.5),
  );
  const seed = (of: typeof doc) => (levelOf(of, id)!.nodes["4"]!.values as unknown[])[0];
  expect(seed(doc)).toBe(0);
  expect(seed(after)).toBe(50);
});
