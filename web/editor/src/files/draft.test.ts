import { expect, it } from "vitest";
import { loadDoc } from "../graph/load";
import { emptyDoc } from "../graph/ops";
import type { Step } from "../graph/types";
import { newTab, type Tab } from "../store/workspace";
import { draftFile, draftIn, draftPath, draftText } from "./draft";

it("has a path that says whose it is", () => {
  const of = { browser: "12-34", session: "5-6-7-8", tab: "lx3k-1" };
  const path = draftPath(of);
  expect(draftFile(path.replace("wireloom/", ""), 7)).toEqual({ ...of, path, modified: 7 });
  expect(draftFile("thumbnails/a.webp", 7)).toBeNull();
  expect(draftFile("drafts/of somebody else.json", 7)).toBeNull();
});

it("comes back with its undo and its job", () => {
  const tab = { ...newTab("a", emptyDoc(), "workflows/a.json"), past: steps(3), future: steps(1), savedAt: 1 };
  expect(draftIn(draftText({ tab, job: "j" }))).toEqual({ tab, job: "j" });
});

it("keeps seeds that no number holds exactly", () => {
  const doc = loadDoc({ nodes: [{ id: 1, type: "A", widgets_values: [2n ** 64n - 1n] }], links: [], version: 0.4 });
  const tab = newTab("seeded", doc);
  expect(draftIn(draftText({ tab }))).toEqual({ tab });
});

it("leaves out the oldest steps of a long log, and knows where it was saved", () => {
  const tab = { ...newTab("a", emptyDoc()), past: steps(250) };
  const saved = (savedAt: number): Tab => draftIn(draftText({ tab: { ...tab, savedAt } }))!.tab;
  expect(saved(0).past).toEqual(tab.past.slice(50));
  expect(saved(0).savedAt).toBe(-1);
  expect(saved(240).savedAt).toBe(190);
});

it("leaves out the log of a workflow that is too large to be sent again and again", () => {
  const tab = { ...newTab("a", emptyDoc()), past: [{ ...steps(1)[0]!, label: "x".repeat(3_000_000) }] };
  const found = draftIn(draftText({ tab }))!.tab;
  expect(found).toMatchObject({ past: [], savedAt: -1, doc: tab.doc });
});

it("is not read if it is of another shape", () => {
  for (const text of ["", "null", "[]", "{}", '{"version": 2, "tab": {}}', '{"version": 1, "tab": {"doc": {}}}'])
    expect(draftIn(text)).toBeNull();
});

function steps(count: number): Step[] {
  return Array.from({ length: count }, (_, at) => ({ label: String(at), ops: [], at }));
}
