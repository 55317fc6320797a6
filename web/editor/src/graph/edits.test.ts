// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits, whyNot } from "./connect";
import { clipFrom, clipHtml, clipText, copied } from "./clipboard";
import {
  addGroup,
  addNode,
  alignNodes,
  connect,
  connectWidget,
  disconnect,
  insertOnLink,
  moveNodes,
  paste,
  raiseNodes,
  removeGroup,
  removeNodes,
  setGroup,
  setNode,
  setValue,
} from "./edits";
import { SPECS, workflows } from "./fixtures";
import { loadDoc } from "./load";
import { EDITOR_ONLY } from "./virtual";
import { applyAll, emptyDoc, invertAll } from "./ops";
import { saveDoc } from "./save";
import type { Doc, Op } from "./types";

/** Loader 1, encode 2, empty 3, sampler 4, decode 5, save 6, wired. */
function textToImage(): Doc {
  let doc = emptyDoc();
  for (const name of ["Loader", "Encode", "Empty", "Sampler", "Decode", "Save"]) {
    doc = applyAll(doc, addNode(doc, SPECS[name]!, [0, 0]).ops);
  }
  const wires = [["1", 1, "2", 0], ["1", 0, "4", 0], ["2", 0, "4", 1], ["3", 0, "4", 2], ["4", 0, "5", 0], ["1", 2, "5", 1], ["5", 0, "6", 0]] as const; // prettier-ignore
  for (const [from, out, to, into] of wires) doc = applyAll(doc, connect(doc, from, out, to, into));
  return doc;
}

function wires(doc: Doc): string[] {
  return Object.values(doc.links).map((link) => `${link.from}.${link.fromSlot} > ${link.to}.${link.toSlot}`);
}

/** An edit by chance, of whatever the document holds now. */
type Move = readonly [number, number, number, number];

function edit(doc: Doc, [what, a, b, c]: Move): readonly Op[] {
  const ids = doc.order.length > 0 ? doc.order : ["1"];
  const id = (at: number) => ids[at % ids.length]!;
  const link = Number(Object.keys(doc.links)[a % Math.max(1, Object.keys(doc.links).length)]);
  const group = Number(Object.keys(doc.groups)[a % Math.max(1, Object.keys(doc.groups).length)]);
  const types = Object.values(SPECS);
  const edits: readonly (() => readonly Op[])[] = [
    () => addNode(doc, types[a % types.length]!, [b, c]).ops,
    () => removeNodes(doc, [id(a), id(b)], { heal: c % 2 === 0 }),
    () => connect(doc, id(a), c % 2, id(b), c % 3),
    () => connectWidget(doc, id(a), 0, id(b), "steps", SPECS["Sampler"]),
    () => disconnect(doc, link),
    () => insertOnLink(doc, link, id(b), SPECS),
    () => moveNodes(doc, new Map([[id(a), [b, c]]])),
    () => setNode(doc, id(a), { title: b % 2 ? `t${c}` : undefined, mode: c % 5, flags: { collapsed: true } }),
    () => (Array.isArray(doc.nodes[id(a)]?.values) ? setValue(doc, id(a), b % 4, c) : []),
    () => paste(doc, copied(doc, [id(a), id(b)]), [c, c]).ops,
    () => raiseNodes(doc, [id(a)]),
    () => alignNodes(doc, [id(a), id(b), id(c)], "center-x"),
    () => addGroup(doc, "g", [a, b, 100, 100]).ops,
    () => setGroup(doc, group, { title: `g${b}`, color: undefined }),
    () => removeGroup(doc, group),
  ];
  return edits[what % edits.length]!();
}

describe("any sequence of edits", () => {
  const moves = fc.array(fc.tuple(fc.nat(), fc.nat(50), fc.nat(50), fc.nat(50)), { maxLength: 30 });

  it("undone gives the very same document, and redone the same end", () => {
    fc.assert(
      fc.property(workflows, moves, (json, chosen) => {
        const start = loadDoc(json);
        const steps: (readonly Op[])[] = [];
        let end = start;
        for (const move of chosen) {
          const ops = edit(end, move);
          steps.push(ops);
          end = applyAll(end, ops);
        }
        const back = [...steps].reverse().reduce((doc, ops) => applyAll(doc, invertAll(ops)), end);
        expect(back).toEqual(start);
        expect(saveDoc(back)).toEqual(saveDoc(start));
        expect(steps.reduce((doc, ops) => applyAll(doc, ops), back)).toEqual(end);
      }),
      { numRuns: 100 },
    );
  });

  it("saves to a file that loads to the same nodes and links", () => {
    fc.assert(
      fc.property(moves, (chosen) => {
        const doc = chosen.reduce((now, move) => applyAll(now, edit(now, move)), textToImage());
        const again = loadDoc(JSON.parse(JSON.stringify(saveDoc(doc))));
        expect(wires(again)).toEqual(wires(doc));
        expect(again.order).toEqual(doc.order);
        expect(Object.values(again.nodes).map(({ rest: _, inputs: _i, outputs: _o, ...node }) => node)).toEqual(
          Object.values(doc.nodes).map(({ rest: _, inputs: _i, outputs: _o, ...node }) => node),
        );
        expect(saveDoc(again)).toEqual(saveDoc(doc));
      }),
      { numRuns: 100 },
    );
  });
});

describe("a new node", () => {
  it("is written as editors write it", () => {
    const doc = textToImage();
    const saved = saveDoc(doc) as { nodes: unknown[]; links: unknown[]; last_node_id: number; last_link_id: number };
    expect(saved).toMatchObject({ last_node_id: 6, last_link_id: 7, groups: [], version: 0.4 });
    expect(saved.links[0]).toEqual([1, 1, 1, 2, 0, "CLIP"]);
    expect(saved.nodes[1]).toEqual({
      id: 2,
      type: "Encode",
      pos: [0, 0],
      size: [400, 168],
      flags: {},
      order: 1,
      mode: 0,
      inputs: [
        { name: "clip", type: "CLIP", link: 1 },
        { name: "text", type: "STRING", widget: { name: "text" }, link: null },
      ],
      outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [3] }],
      properties: { "Node name for S&R": "Encode" },
      widgets_values: [""],
    });
  });
});

describe("wires", () => {
  it("replace what the input had", () => {
    const doc = textToImage();
    const { ops, id } = addNode(doc, SPECS["Empty"]!, [0, 0]);
    const added = applyAll(doc, ops);
    const now = applyAll(added, connect(added, id, 0, "4", 2));
    expect(wires(now)).toContain("7.0 > 4.2");
    expect(wires(now)).not.toContain("3.0 > 4.2");
  });

  it("make the socket of a widget that has none", () => {
    const json = saveDoc(textToImage()) as { nodes: { inputs: { widget?: unknown }[] }[] };
    for (const node of json.nodes) node.inputs = node.inputs.filter((input) => !input.widget);
    const doc = loadDoc(json);
    const now = applyAll(doc, connectWidget(doc, "3", 0, "4", "steps", SPECS["Sampler"]));
    const slot = now.nodes["4"]!.inputs.findIndex((input) => input.widget === "steps");
    expect(wires(now)).toContain(`3.0 > 4.${slot}`);
  });

  it("heal over a node that is taken away, where the types fit", () => {
    const doc = textToImage();
    const { ops, id } = addNode(doc, SPECS["Blur"]!, [0, 0]);
    const link = Object.values(doc.links).find((each) => each.to === "6")!;
    const added = applyAll(doc, ops);
    const inserted = applyAll(added, insertOnLink(added, link.id, id, SPECS));
    expect(wires(inserted)).toEqual(expect.arrayContaining(["5.0 > 7.0", "7.0 > 6.0"]));
    expect(wires(inserted)).not.toContain("5.0 > 6.0");
    const healed = applyAll(inserted, removeNodes(inserted, [id], { heal: true }));
    expect(wires(healed).sort()).toEqual(wires(doc).sort());
    const cut = applyAll(inserted, removeNodes(inserted, [id]));
    expect(wires(cut)).toHaveLength(6);
    const sampler = applyAll(doc, removeNodes(doc, ["4"], { heal: true }));
    expect(wires(sampler)).toContain("3.0 > 5.0"); // latent in, latent out
  });

  it("are not put through a node that does not fit", () => {
    const doc = textToImage();
    const { ops, id } = addNode(doc, SPECS["Load"]!, [0, 0]);
    expect(insertOnLink(applyAll(doc, ops), 1, id, SPECS)).toEqual([]);
  });

  it("are refused with the reason", () => {
    const doc = textToImage();
    expect(whyNot(doc, SPECS, "3", 0, "4", 2)).toBeNull();
    expect(whyNot(doc, SPECS, "1", 0, "2", 0)).toMatch(/MODEL does not fit CLIP/);
    expect(whyNot(doc, SPECS, "2", 0, "2", 0)).toMatch(/itself/);
    expect(whyNot(doc, SPECS, "4", 0, "4", 2)).toMatch(/itself/);
    const { ops, id } = addNode(doc, SPECS["Blur"]!, [0, 0]);
    const added = applyAll(doc, [...ops, ...addNode(doc, SPECS["Blur"]!, [0, 0]).ops]);
    const second = applyAll(added, addNode(added, SPECS["Blur"]!, [0, 0]).ops);
    const chained = applyAll(second, connect(second, id, 0, "8", 0));
    expect(whyNot(chained, SPECS, "8", 0, id, 0)).toMatch(/circle/);
    expect(whyNot(chained, SPECS, "3", 0, "4", "steps")).toMatch(/LATENT does not fit INT/);
  });

  it("through reroutes take and give what the other end does", () => {
    let doc = textToImage();
    for (const pos of [0, 1]) doc = applyAll(doc, addNode(doc, EDITOR_ONLY["Reroute"]!, [pos, 0]).ops);
    doc = applyAll(doc, connect(doc, "7", 0, "8", 0));
    expect(whyNot(doc, SPECS, "1", 0, "7", 0)).toBeNull();
    const led = applyAll(doc, connect(doc, "8", 0, "6", 0));
    expect(whyNot(led, SPECS, "1", 0, "7", 0)).toMatch(/MODEL does not fit IMAGE,MASK/);
    const fed = applyAll(doc, connect(doc, "3", 0, "7", 0));
    expect(whyNot(fed, SPECS, "8", 0, "6", 0)).toMatch(/LATENT does not fit IMAGE,MASK/);
    expect(applyAll(fed, connect(fed, "8", 0, "5", 0)).links[10]!.type).toBe("LATENT");
  });

  it.each([
    ["IMAGE", "IMAGE", true],
    ["image", "IMAGE", true],
    ["IMAGE", "MASK", false],
    ["IMAGE", "MASK, IMAGE", true],
    ["INT,FLOAT", "FLOAT,STRING", true],
    ["INT,FLOAT", "STRING", false],
    ["*", "MASK", true],
    ["MASK", "", true],
  ])("%s to %s: %s", (out, into, expected) => expect(fits(out, into)).toBe(expected));
});

describe("a copy", () => {
  it("is pasted with numbers of its own and the wires among it, and undone whole", () => {
    const plain = textToImage();
    const doc = applyAll(plain, setValue(plain, "4", 0, 2n ** 64n - 1n));
    const clip = clipFrom(clipText(copied(doc, ["3", "4", "5"])))!;
    const { ops, ids } = paste(doc, clip, [500, 600]);
    const now = applyAll(doc, ops);
    expect(ids).toEqual(["7", "8", "9"]);
    expect(wires(now).slice(7)).toEqual(["7.0 > 8.2", "8.0 > 9.0"]);
    expect(now.nodes["7"]!.pos).toEqual([500, 600]);
    expect(now.nodes["8"]!.values).toMatchObject({ 0: 2n ** 64n - 1n });
    expect(new Set((saveDoc(now)["nodes"] as { id: number }[]).map((node) => node.id)).size).toBe(9);
    expect(applyAll(now, invertAll(ops))).toEqual(doc);
  });

  it("can come from a whole workflow, and from HTML that carries one", () => {
    const json = JSON.stringify(saveDoc(textToImage()));
    const html = `<meta charset="utf-8"><div><span data-metadata="${btoa(json)}"></span></div>`;
    for (const text of [json, html]) expect(clipFrom(text)!.nodes).toHaveLength(6);
    for (const text of ["hello", "{}", '{"nodes": []}', "{broken", '<a data-x="AAAAAAAAAA">'])
      expect(clipFrom(text)).toBeNull();
  });

  it("brings the subgraphs that it stands for", () => {
    const inner = { id: "in", nodes: [], links: [] };
    const outer = { id: "out", nodes: [{ id: 1, type: "in" }], links: [] };
    const doc = loadDoc({
      nodes: [{ id: 1, type: "out" }],
      links: [],
      definitions: { subgraphs: [inner, outer, { id: "other" }] },
    });
    const { ops } = paste(emptyDoc(), copied(doc, ["1"]), [0, 0]);
    expect(saveDoc(applyAll(emptyDoc(), ops))["definitions"]).toEqual({ subgraphs: [inner, outer] });
    expect(applyAll(applyAll(emptyDoc(), ops), invertAll(ops))).toEqual(emptyDoc());
  });
});

describe("what runs through a link", () => {
  it("forgets a link that is gone, in native reroutes too", () => {
    const json = saveDoc(textToImage());
    json["extra"] = {
      reroutes: [
        { id: 1, linkIds: [1] },
        { id: 2, linkIds: [1, 2] },
      ],
      linkExtensions: [{ id: 1, parentId: 1 }],
    };
    const doc = loadDoc(json);
    const saved = saveDoc(applyAll(doc, disconnect(doc, 1)));
    expect(saved["extra"]).toEqual({ reroutes: [{ id: 2, linkIds: [2] }], linkExtensions: [] });
  });
});

describe("values", () => {
  it("that a file holds by name as well follow", () => {
    const doc = loadDoc({
      nodes: [{ id: 1, type: "Empty", widgets_values: [1, 2], widgets_values_named: { width: 1, height: 2 } }],
    });
    const saved = saveDoc(applyAll(doc, setValue(doc, "1", 1, 5)));
    expect(saved["nodes"]).toMatchObject([{ widgets_values: [1, 5], widgets_values_named: { width: 1, height: 5 } }]);
  });

  it("held by name stay so", () => {
    const doc = loadDoc({ nodes: [{ id: 1, type: "Empty", widgets_values: { width: 1 } }] });
    const saved = saveDoc(applyAll(doc, setValue(doc, "1", 1, 7, "height")));
    expect(saved["nodes"]).toMatchObject([{ widgets_values: { width: 1, height: 7 } }]);
  });
});

describe("alignment", () => {
  it("lines nodes up and spreads them evenly, but for pinned ones", () => {
    const nodes = [0, 90, 700].map((x, at) => ({ id: at, type: "A", pos: [x, x], size: [100, 50] }));
    const doc = loadDoc({ nodes: [...nodes, { id: 9, type: "A", pos: [-500, 0], flags: { pinned: true } }] });
    const at = (how: Parameters<typeof alignNodes>[2]) =>
      Object.values(applyAll(doc, alignNodes(doc, ["0", "1", "2", "9"], how)).nodes).map((node) => node.pos[0]);
    expect(at("left")).toEqual([0, 0, 0, -500]);
    expect(at("right")).toEqual([700, 700, 700, -500]);
    expect(at("spread-x")).toEqual([0, 350, 700, -500]);
    expect(at("top")).toEqual([0, 90, 700, -500]);
  });
});

it("what is copied is read back out of HTML, in any script", () => {
  const doc = textToImage();
  const clip = copied(applyAll(doc, setNode(doc, "4", { title: "Größe 大小 🙂" })), ["3", "4"]);
  const html = clipHtml(clip);
  expect(html).toMatch(/^[ -~]*$/);
  expect(clipFrom(html)).toEqual(JSON.parse(clipText(clip)));
});
