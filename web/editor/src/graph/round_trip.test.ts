// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workflows } from "./fixtures";
import { jsonText, parseJson } from "./json";
import { isApi, isUi, loadDoc, NotAWorkflow } from "./load";
import { saveDoc } from "./save";

const SHIPPED = import.meta.glob<{ default: unknown }>("../../../../workflows/**/*.json", { eager: true });
const shipped = Object.entries(SHIPPED).map(([path, { default: json }]) => ({
  name: path.split("workflows/")[1]!,
  json,
}));

describe("a file that is only opened", () => {
  it.each(shipped.filter(({ json }) => isUi(json)))("is saved as it was: $name", ({ json }) => {
    const before = structuredClone(json);
    expect(saveDoc(loadDoc(json))).toEqual(before);
    expect(json).toEqual(before);
  });

  it("is saved as it was, whatever packs wrote into it", () => {
    fc.assert(
      fc.property(workflows, (json) => {
        const doc = loadDoc(json);
        const saved = parseJson(jsonText(saveDoc(doc)));
        expect(saved).toEqual(parseJson(jsonText(json)));
        expect(loadDoc(saved)).toEqual(loadDoc(parseJson(jsonText(json))));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps links that lead nowhere, and numbers of slots that are not the sockets'", () => {
    const json = {
      last_node_id: 2,
      nodes: [
        { id: 1, type: "A", outputs: [{ name: "o", type: "IMAGE", links: [4, 9] }] },
        {
          id: 2,
          type: "B",
          inputs: [
            { name: "w", type: "INT" },
            { name: "i", type: "IMAGE", link: 4 },
          ],
        },
      ],
      links: [[9, 1, 0, 77, 0, "IMAGE"], null, [4, 1, 0, 2, 0, "IMAGE"]],
      version: 0.4,
    };
    const doc = loadDoc(json);
    expect(Object.values(doc.links)).toMatchObject([{ id: 4, from: "1", to: "2", toSlot: 1 }]);
    expect(saveDoc(doc)).toEqual(json);
  });
});

describe("what is shipped", () => {
  it("has workflows of both formats", () => {
    expect(shipped.filter(({ json }) => isUi(json)).length).toBeGreaterThan(5);
    expect(shipped.filter(({ json }) => isApi(json)).length).toBeGreaterThan(5);
  });
});

describe("what is no workflow", () => {
  it.each([
    [null, /JSON object/],
    [{ a: 1 }, /no list of nodes/],
    [{ nodes: [{ type: "A" }] }, /no id/],
    [{ nodes: [{ id: 1 }] }, /Node 1 has no type/],
    [
      {
        nodes: [
          { id: 1, type: "A" },
          { id: "1", type: "B" },
        ],
      },
      /Two nodes have the id 1/,
    ],
  ])("is refused with the reason: %j", (json, reason) => {
    expect(() => loadDoc(json)).toThrow(NotAWorkflow);
    expect(() => loadDoc(json)).toThrow(reason);
  });
});
