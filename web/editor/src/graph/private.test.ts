import { expect, it } from "vitest";
import { loadDoc } from "./load";
import { applyAll } from "./ops";
import { privateOf, togglePrivate } from "./private";
import { saveDoc } from "./save";

function doc(properties: Record<string, unknown>) {
  return loadDoc({ nodes: [{ id: 1, type: "A", properties }], links: [], version: 0.4 });
}

it("an input is marked as private and no longer, and what else its node says stays", () => {
  const start = doc({ "Node name for S&R": "A", wireloom: { output: "picture" } });
  const marked = applyAll(start, togglePrivate(start, "1", "text"));
  const both = applyAll(marked, togglePrivate(marked, "1", "seed"));
  expect(privateOf(both.nodes["1"]!)).toEqual(["text", "seed"]);
  expect((saveDoc(both) as { nodes: object[] }).nodes[0]).toMatchObject({
    properties: { "Node name for S&R": "A", wireloom: { output: "picture", private: ["text", "seed"] } },
  });
  const one = applyAll(both, togglePrivate(both, "1", "text"));
  const none = applyAll(one, togglePrivate(one, "1", "seed"));
  expect(none.nodes["1"]!.properties).toEqual(start.nodes["1"]!.properties);
});

it("what stands there alone goes with the last mark, and nonsense marks nothing", () => {
  const start = doc({ wireloom: { private: ["text"] } });
  expect(applyAll(start, togglePrivate(start, "1", "text")).nodes["1"]!.properties).toEqual({});
  for (const own of [5, { private: "text" }, { private: [1, null] }, {}])
    expect(privateOf(doc({ wireloom: own }).nodes["1"]!)).toEqual([]);
  expect(togglePrivate(start, "9", "text")).toEqual([]);
});
