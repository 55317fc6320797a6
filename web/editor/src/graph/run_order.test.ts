import { expect, test } from "vitest";
import { loadDoc } from "./load";
import { runOrder } from "./run_order";

/** `3<1.2`: node 3 is fed by 1 and by 2, in this order. */
function doc(...nodes: string[]) {
  const links: [number, number, number, number, number, string][] = [];
  const made = nodes.map((text) => {
    const [id, type, feeds] = /^(\d+)([A-Za-z]*)<?(.*)$/.exec(text)!.slice(1) as [string, string, string];
    const inputs = feeds.split(".").filter(Boolean);
    inputs.forEach((from, slot) => links.push([links.length + 1, Number(from), 0, Number(id), slot, "*"]));
    return {
      id: Number(id),
      type: type || "Node",
      pos: [0, 0],
      size: [100, 50],
      flags: {},
      order: 0,
      mode: 0,
      inputs: inputs.map((from) => ({ name: `from ${from}`, type: "*", link: null })),
      outputs: [{ name: "out", type: "*", links: [] }],
      properties: {},
    };
  });
  return loadDoc({ nodes: made, links, groups: [], version: 0.4 });
}

test("each node comes after what feeds it, one branch after the other", () => {
  expect(runOrder(doc("5<4", "4<2.3", "3<1", "2<1", "1"))).toEqual(["1", "2", "3", "4", "5"]);
  expect(runOrder(doc("1", "2<1", "3", "4<3"))).toEqual(["1", "2", "3", "4"]);
});

test("notes come last, and so do nodes that feed each other", () => {
  expect(runOrder(doc("9Note", "1", "2<1"))).toEqual(["1", "2", "9"]);
  const circle = runOrder(doc("9Note", "7<8", "8<7", "1"));
  expect(circle[0]).toBe("1");
  expect(circle.toSorted()).toEqual(["1", "7", "8", "9"]);
  expect(circle[3]).toBe("9");
});

test("a chain of thousands of nodes needs no deep stack", () => {
  const chain = Array.from({ length: 5000 }, (_, at) => (at === 4999 ? `${at + 1}` : `${at + 1}<${at + 2}`));
  const order = runOrder(doc(...chain));
  expect([order[0], order[4999]]).toEqual(["5000", "1"]);
});
