// @vitest-environment node
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INPUTS, OUTPUTS } from "./border";
import { copied } from "./clipboard";
import { definitionsOf, holds, undefine, usesOf } from "./definitions";
import { connect, paste, removeNodes, setNode, setValue } from "./edits";
import { exposedOf, exposeInput, publicNames } from "./exposed";
import { SPECS, workflows } from "./fixtures";
import { widgetsOf } from "./inputs";
import { levelOf } from "./levels";
import { loadDoc } from "./load";
import { makeSubgraph, whyNotTogether } from "./make_subgraph";
import { applyAll, invertAll } from "./ops";
import { privateOf, togglePrivate } from "./private";
import { movePort, portsOf, removePort, renamePort } from "./ports";
import { demote, portFor, promote, promotedBy } from "./promote";
import { saveDoc } from "./save";
import { specOf } from "./subgraphs";
import { instancesIn, type Move, moved, numbered, textToImage, within } from "./subgraph_fixtures";
import type { Doc, Op } from "./types";
import { makeUnique, unpack } from "./unpack";
import { placeAt } from "./within";

function wires(doc: Doc): string[] {
  return Object.values(doc.links)
    .map(({ from, fromSlot, to, toSlot }) => `${from}.${fromSlot} > ${to}.${toSlot}`)
    .sort();
}

/** Encode, empty and sampler become node 7. */
function withSubgraph(newId = numbered()): Doc {
  const doc = textToImage();
  return applyAll(doc, makeSubgraph(doc, { nodes: ["2", "3", "4"], name: "Draw", newId }, SPECS)!.ops);
}

function widgetValues(doc: Doc, id: string): Record<string, unknown> {
  const node = doc.nodes[id]!;
  return Object.fromEntries(widgetsOf(node, specOf(doc, node, SPECS)!).map(({ name, value }) => [name, value]));
}

const promoteSteps = (newId: () => string) => (level: Doc) => promote(level, "4", "steps", SPECS["Sampler"]!, newId());

describe("making a subgraph", () => {
  it("puts a node in place of the selected ones, with what crosses the border as its sockets", () => {
    const doc = withSubgraph();
    expect(doc.order).toEqual(["1", "5", "6", "7"]);
    expect(doc.nodes["7"]!.inputs.map(({ name, type }) => [name, type])).toEqual([
      ["clip", "CLIP"],
      ["model", "MODEL"],
    ]);
    expect(doc.nodes["7"]!.outputs.map(({ name }) => name)).toEqual(["LATENT"]);
    expect(wires(doc)).toEqual(["1.0 > 7.1", "1.1 > 7.0", "1.2 > 5.1", "5.0 > 6.0", "7.0 > 5.0"]);
    expect(wires(placeAt(doc, ["7"]).doc)).toEqual([
      "-10.0 > 2.0",
      "-10.1 > 4.0",
      "2.0 > 4.1",
      "3.0 > 4.2",
      "4.0 > -20.0",
    ]);
  });

  it("is written as files have it", () => {
    const saved = saveDoc(withSubgraph()) as { definitions: { subgraphs: Record<string, unknown>[] } };
    const [definition] = saved.definitions.subgraphs;
    expect(definition).toMatchObject({
      version: 1,
      name: "Draw",
      inputs: [
        { name: "clip", type: "CLIP", linkIds: [8] },
        { name: "model", type: "MODEL", linkIds: [9] },
      ],
      outputs: [{ name: "LATENT", type: "LATENT", linkIds: [10] }],
      inputNode: { id: -10 },
      outputNode: { id: -20 },
    });
    expect(definition!["links"]).toContainEqual({
      id: 8, origin_id: -10, origin_slot: 0, target_id: 2, target_slot: 0, type: "CLIP" }); // prettier-ignore
    const types = (definition!["nodes"] as { type: string }[]).map(({ type }) => type);
    expect(types.sort()).toEqual(["Empty", "Encode", "Sampler"]);
  });

  it("is refused around a node that is not selected, with the reason", () => {
    expect(whyNotTogether(textToImage(), ["2", "5"])).toMatch(/between the selected nodes/);
    expect(whyNotTogether(textToImage(), [])).toMatch(/Select the nodes/);
    expect(whyNotTogether(textToImage(), ["4", "5"])).toBeNull();
  });

  it("unpacked gives the same wires and values as before", () => {
    const doc = withSubgraph();
    const open = applyAll(doc, unpack(doc, "7", SPECS)!.ops);
    const named = (of: Doc) =>
      Object.values(of.links)
        .map((link) => `${of.nodes[link.from]!.type}.${link.fromSlot} > ${of.nodes[link.to]!.type}.${link.toSlot}`)
        .sort();
    expect(named(open)).toEqual(named(textToImage()));
    expect(instancesIn(open)).toEqual([]);
    const id = Object.values(definitionsOf(open))[0]!["id"] as string;
    expect(usesOf(open, id)).toBe(0);
    expect(definitionsOf(applyAll(open, undefine(open, id)))).toEqual([]);
  });
});

describe("what is only entered", () => {
  it("is saved as it was, whatever packs wrote into it", () => {
    fc.assert(
      fc.property(workflows, (json) => {
        const doc = loadDoc(json);
        for (const definition of definitionsOf(doc)) {
          const id = definition["id"] as string;
          const away: Op[] = [{ of: "doc", before: { lastNodeId: 0 }, after: {}, in: id }];
          expect(saveDoc(applyAll(doc, away))).toEqual(json);
          expect(levelOf(doc, id)!.order.slice(0, 1)).toEqual([INPUTS]);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("a promoted widget", () => {
  it("is one of the node outside, begins with the value inside, and comes to all nodes of the subgraph", () => {
    const newId = numbered();
    const made = withSubgraph(newId);
    const two = applyAll(made, paste(made, copied(made, ["7"]), [0, 500]).ops);
    const set = within(two, ["7"], (level) => setValue(level, "4", 2, 33));
    const doc = within(set, ["7"], promoteSteps(newId));
    expect(widgetValues(doc, "7")).toEqual({ steps: 33 });
    expect(widgetValues(doc, "8")).toEqual({ steps: 33 });
    expect(doc.nodes["8"]!.inputs.at(-1)).toMatchObject({ name: "steps", widget: "steps" });
    expect(specOf(doc, doc.nodes["7"]!, SPECS)!.input.required!["steps"]).toEqual([
      "INT", { default: 20, min: 1, control_after_generate: false, forceInput: false }]); // prettier-ignore
    expect(wires(doc)).toEqual(wires(two));
  });

  it("goes back in, and with it the input and the values outside", () => {
    const newId = numbered();
    const made = withSubgraph(newId);
    const doc = within(made, ["7"], promoteSteps(newId));
    expect(promotedBy(placeAt(doc, ["7"]).doc, "4", "steps")).not.toBeNull();
    const back = within(doc, ["7"], (level) => demote(level, "4", "steps"));
    expect(back.nodes["7"]!.inputs.map(({ name }) => name)).toEqual(["clip", "model"]);
    expect(widgetValues(back, "7")).toEqual({});
  });

  it("of a node that is unpacked leaves its value inside", () => {
    const newId = numbered();
    const doc = within(withSubgraph(newId), ["7"], promoteSteps(newId));
    const set = applyAll(doc, setValue(doc, "7", 0, 44));
    const { ops, ids } = unpack(set, "7", SPECS)!;
    const open = applyAll(set, ops);
    const sampler = ids.find((id) => open.nodes[id]!.type === "Sampler")!;
    expect(widgetValues(open, sampler)).toMatchObject({ steps: 44 });
  });

  it("is shown with its limits and choices twenty subgraphs further out", () => {
    const newId = numbered();
    let doc = within(withSubgraph(newId), ["7"], promoteSteps(newId));
    let id = "7";
    for (let depth = 1; depth < 20; depth++) {
      const made = makeSubgraph(doc, { nodes: [id], name: `Depth ${depth}`, newId }, SPECS)!;
      const inner = id;
      doc = applyAll(doc, made.ops);
      id = made.id;
      const spec = (level: Doc) => specOf(level, level.nodes[inner]!, SPECS)!;
      doc = within(doc, [id], (level) => promote(level, inner, "steps", spec(level), newId()));
    }
    const [widget] = widgetsOf(doc.nodes[id]!, specOf(doc, doc.nodes[id]!, SPECS)!);
    expect(widget).toMatchObject({ name: "steps", kind: "int", value: 20, spec: { options: { min: 1 } } });
    const path = [id];
    for (let level = placeAt(doc, path).doc; instancesIn(level).length > 0; level = placeAt(doc, path).doc)
      path.push(instancesIn(level)[0]!);
    expect(path.length).toBe(20);
    const deep = within(doc, path, (level) => renamePort(level, "outputs", 0, "made"));
    expect(placeAt(deep, path.slice(0, -1)).doc.nodes[path.at(-1)!]!.outputs[0]!.name).toBe("made");
  });
});

describe("inputs and outputs", () => {
  it("take another place, and the wires outside go with them", () => {
    const doc = within(withSubgraph(), ["7"], (level) => movePort(level, "inputs", 0, 1));
    expect(doc.nodes["7"]!.inputs.map(({ name }) => name)).toEqual(["model", "clip"]);
    expect(wires(doc)).toContain("1.0 > 7.0");
    expect(wires(doc)).toContain("1.1 > 7.1");
    expect(wires(placeAt(doc, ["7"]).doc)).toContain("-10.1 > 2.0");
  });

  it("are called otherwise inside and outside, each by a name of its own", () => {
    const doc = within(withSubgraph(), ["7"], (level) => renamePort(level, "inputs", 0, "model"));
    expect(doc.nodes["7"]!.inputs.map(({ name }) => name)).toEqual(["model_2", "model"]);
    expect(wires(doc)).toContain("1.1 > 7.0");
  });

  it("that go take their wires along", () => {
    const doc = within(withSubgraph(), ["7"], (level) => removePort(level, "inputs", 0));
    expect(wires(doc)).toEqual(["1.0 > 7.0", "1.2 > 5.1", "5.0 > 6.0", "7.0 > 5.0"]);
    expect(wires(placeAt(doc, ["7"]).doc)).toEqual(["-10.0 > 4.0", "2.0 > 4.1", "3.0 > 4.2", "4.0 > -20.0"]);
  });

  it("come from a wire to the place after the last", () => {
    const newId = numbered();
    const doc = within(withSubgraph(newId), ["7"], (level) => {
      const ops = portFor(level, SPECS, { from: "2", fromSlot: 0, to: OUTPUTS, into: 1 }, newId());
      return [...ops, ...connect(applyAll(level, ops), "2", 0, OUTPUTS, 1)];
    });
    expect(doc.nodes["7"]!.outputs.map(({ name, type }) => [name, type])).toEqual([
      ["LATENT", "LATENT"],
      ["CONDITIONING", "CONDITIONING"],
    ]);
  });

  it("stay what they were if the nodes inside go", () => {
    const doc = within(withSubgraph(), ["7"], (level) => removeNodes(level, [INPUTS, OUTPUTS, "4"]));
    const { doc: level } = placeAt(doc, ["7"]);
    expect([INPUTS, OUTPUTS].every((id) => id in level.nodes)).toBe(true);
    expect(portsOf(level, "outputs").map(({ name }) => name)).toEqual(["LATENT"]);
  });
});

describe("one node of several", () => {
  it("gets a subgraph of its own, and what is changed there is changed for no other", () => {
    const newId = numbered();
    const made = withSubgraph(newId);
    const two = applyAll(made, paste(made, copied(made, ["7"]), [0, 500]).ops);
    expect(usesOf(two, two.nodes["7"]!.type)).toBe(2);
    const own = applyAll(two, makeUnique(two, "8", newId));
    const doc = within(own, ["8"], (level) => renamePort(level, "outputs", 0, "mine"));
    expect(doc.nodes["8"]!.outputs[0]!.name).toBe("mine");
    expect(doc.nodes["7"]!.outputs[0]!.name).toBe("LATENT");
    expect(holds(doc, doc.nodes["7"]!.type, doc.nodes["8"]!.type)).toBe(false);
  });

  it("shows the same edit as all others", () => {
    const made = withSubgraph();
    const two = applyAll(made, paste(made, copied(made, ["7"]), [0, 500]).ops);
    const doc = within(two, ["8"], (level) => setNode(level, "4", { title: "Sampler of all" }));
    expect(placeAt(doc, ["7"]).doc.nodes["4"]!.title).toBe("Sampler of all");
  });
});

/** `OPERATIONS=10000` makes it the long run of `make editor-slow`. */
const OPERATIONS = Number(process.env["OPERATIONS"] ?? 0);
const RUNS = OPERATIONS > 0 ? Math.ceil(OPERATIONS / 200) : 20;
const LENGTH = OPERATIONS > 0 ? { minLength: 200, maxLength: 200 } : { maxLength: 40 };

describe("any sequence of edits, inside and outside of subgraphs", () => {
  const some = fc.nat({ max: 500 });
  const moves = fc.array(fc.tuple(some, some, some, some), LENGTH);

  it("undone gives the very same document, and redone the same end", () => {
    let count = 0;
    fc.assert(
      fc.property(moves, (chosen) => {
        count += chosen.length;
        const start = withSubgraph();
        const { steps, end } = played(start, chosen);
        const back = [...steps].reverse().reduce((doc, ops) => applyAll(doc, invertAll(ops)), end);
        expect(back).toEqual(start);
        expect(saveDoc(back)).toEqual(saveDoc(start));
        const again = steps.reduce((doc, ops) => applyAll(doc, ops), back);
        expect(again).toEqual(end);
        expect(saveDoc(loadDoc(structuredClone(saveDoc(end))))).toEqual(saveDoc(end));
      }),
      { numRuns: RUNS },
    );
    expect(count).toBeGreaterThanOrEqual(OPERATIONS);
  }, 600_000);

  it("leaves every node with the sockets and widgets of its subgraph", () => {
    fc.assert(
      fc.property(moves, (chosen) => {
        const { end } = played(withSubgraph(), chosen);
        for (const [has, should] of shapes(end)) expect(has).toEqual(should);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});

function played(start: Doc, chosen: readonly Move[]): { steps: (readonly Op[])[]; end: Doc } {
  const newId = numbered();
  for (let at = 0; at < 10; at++) newId(); // those that the start has
  const steps: (readonly Op[])[] = [];
  let end = start;
  for (const move of chosen) {
    const ops = moved(end, move, newId);
    if (containsItself(applyAll(end, ops))) continue; // what the canvas refuses
    steps.push(ops);
    end = applyAll(end, ops);
  }
  return { steps, end };
}

function containsItself(doc: Doc): boolean {
  return definitionsOf(doc).some((each) =>
    (each["nodes"] as { type: string }[]).some(({ type }) => holds(doc, type, each["id"] as string)),
  );
}

/** Of each node that stands for a subgraph: what it has, and what it should. */
function shapes(doc: Doc): (readonly [unknown, unknown])[] {
  const levels = [doc, ...definitionsOf(doc).map((each) => levelOf(doc, each["id"] as string)!)];
  return levels.flatMap((level) =>
    instancesIn(level).map((id) => {
      const node = level.nodes[id]!;
      const inside = levelOf(doc, node.type)!;
      const names = (ports: readonly { name: string }[]) => ports.map(({ name }) => name);
      const widgets = node.inputs.filter(({ widget }) => widget !== undefined).length;
      return [
        [names(node.inputs), names(node.outputs), node.values.length],
        [names(portsOf(inside, "inputs")), names(portsOf(inside, "outputs")), widgets],
      ] as const;
    }),
  );
}

describe("marks of a node that stands for a subgraph", () => {
  /** `steps` is shown outside, in the form as "number", and private. */
  function marked(): Doc {
    const newId = numbered();
    const doc = within(withSubgraph(newId), ["7"], promoteSteps(newId));
    const named = applyAll(doc, exposeInput(doc, "7", "steps", "number"));
    return applyAll(named, togglePrivate(named, "7", "steps"));
  }
  const slotOf = (level: Doc) => portsOf(level, "inputs").findIndex(({ name }) => name === "steps");

  it("follow the input when it gets another name", () => {
    const doc = within(marked(), ["7"], (level) => renamePort(level, "inputs", slotOf(level), "rounds"));
    expect(exposedOf(doc.nodes["7"]!).inputs).toEqual({ rounds: "number" });
    expect(privateOf(doc.nodes["7"]!)).toEqual(["rounds"]);
  });

  it("go with the input", () => {
    const doc = within(marked(), ["7"], (level) => demote(level, "4", "steps"));
    expect(doc.nodes["7"]!.properties).not.toHaveProperty("wireloom");
  });

  it("are the nodes' own once it is unpacked", () => {
    const { ops, ids } = unpack(marked(), "7", SPECS)!;
    const doc = applyAll(marked(), ops);
    const sampler = ids.map((id) => doc.nodes[id]!).find(({ type }) => type === "Sampler")!;
    expect(exposedOf(sampler).inputs).toEqual({ steps: "number" });
    expect(privateOf(sampler)).toEqual(["steps"]);
  });

  it("are names that no other node may give, wherever in the workflow it is", () => {
    const doc = within(marked(), ["7"], (level) => exposeInput(level, "2", "text", "words"));
    expect(publicNames(doc, "inputs").toSorted()).toEqual(["number", "words"]);
  });
});
