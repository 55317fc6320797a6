// @vitest-environment node
import { describe, expect, it } from "vitest";
import { linkedInputs } from "./connect";
import { SPECS } from "./fixtures";
import { widgetsOf } from "./inputs";
import { layout } from "./layout";
import { docFromApi, isApi, loadDoc, looksLikeApi } from "./load";
import { saveDoc } from "./save";

const PROMPT = {
  "9": {
    class_type: "Sampler",
    inputs: { model: ["1", 0], seed: 42, steps: ["x:2", 1], cfg: 3, positive: ["2", 0], latent_image: ["3", 0] },
  },
  "1": { class_type: "Loader", inputs: { ckpt_name: "b.safetensors" }, _meta: { title: "Model" } },
  "2": { class_type: "Encode", inputs: { text: "a cat", clip: ["1", 1] } },
  "3": { class_type: "Empty", inputs: { width: 64, height: 64 } },
  "x:2": { class_type: "Gone", inputs: { list: { __value__: [1, 2] }, image: ["404", 0] } },
};

describe("a workflow in API format", () => {
  const doc = docFromApi(PROMPT, SPECS);

  it("becomes nodes with the values and wires that it names", () => {
    const sampler = doc.nodes["9"]!;
    const values = widgetsOf(sampler, SPECS["Sampler"]!, linkedInputs(doc, "9")).map((each) => [
      each.name,
      each.value,
      each.linked,
    ]);
    expect(values).toContainEqual(["seed", 42, false]);
    expect(values).toContainEqual(["control_after_generate", "fixed", false]); // the seed that it names stays
    expect(values).toContainEqual(["steps", 20, true]);
    expect(doc.nodes["1"]!.title).toBe("Model");
    expect(Object.values(doc.links).map((link) => `${link.from}.${link.fromSlot} > ${link.to}`).sort()).toEqual(
      ["1.0 > 9", "1.1 > 2", "2.0 > 9", "3.0 > 9", "x:2.1 > 9"],
    ); // prettier-ignore
  });

  it("keeps what nodes of unknown types hold", () => {
    expect(doc.nodes["x:2"]).toMatchObject({ type: "Gone", values: { list: [1, 2] } });
    expect(doc.nodes["x:2"]!.outputs).toHaveLength(2);
  });

  it("lies in columns, each right of what feeds it, and survives saving", () => {
    for (const link of Object.values(doc.links))
      expect(doc.nodes[link.from]!.pos[0]).toBeLessThan(doc.nodes[link.to]!.pos[0]);
    expect(loadDoc(JSON.parse(JSON.stringify(saveDoc(doc)))).links).toMatchObject(
      Object.fromEntries(Object.entries(doc.links).map(([id, { rest: _, ...link }]) => [id, link])),
    );
  });

  it.each([
    [{ ...PROMPT, "5": { class_type: "Gone" } }, "Node 5 has no inputs."],
    [{ ...PROMPT, "5": { inputs: {} } }, "Node 5 has no class_type."],
    [{ ...PROMPT, version: 1 }, "Node version is not an object."],
  ])("is refused with the node that is none", (json, said) => {
    expect(looksLikeApi(json)).toBe(true);
    expect(() => docFromApi(json, SPECS)).toThrow(said);
  });

  it("may have thousands of nodes", () => {
    const chain = Array.from({ length: 3000 }, (_, at) => [
      String(at),
      { class_type: "Blur", inputs: { image: [String(at - 1), 0], size: at }, _meta: { title: `Blur ${at}` } },
    ]);
    const before = performance.now();
    const large = docFromApi(Object.fromEntries(chain), SPECS);
    expect(Object.keys(large.links)).toHaveLength(2999);
    expect(large.nodes["2999"]!.title).toBe("Blur 2999");
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it("is known by its form", () => {
    expect(isApi(PROMPT)).toBe(true);
    for (const other of [{}, [], null, { "1": { class_type: "A" } }, { nodes: [] }]) expect(isApi(other)).toBe(false);
  });

  it("can be laid out with what feeds a node to its left, and pinned nodes where they are", async () => {
    const pinned = { ...doc, nodes: { ...doc.nodes, "3": { ...doc.nodes["3"]!, flags: { pinned: true } } } };
    const places = await layout(pinned, SPECS);
    expect([...places.keys()].sort()).toEqual(["1", "2", "9", "x:2"]);
    expect(places.get("1")![0]).toBeLessThan(places.get("2")![0]);
    expect(places.get("2")![0]).toBeLessThan(places.get("9")![0]);
    expect(await layout(doc, SPECS, ["1"])).toEqual(new Map());
  });
});
