// @vitest-environment node
import { describe, expect, it } from "vitest";
import { blueprintOf, clipOf, distinct } from "./blueprint";
import { paste } from "./clipboard";
import { definitionsOf, redefine } from "./definitions";
import { SPECS } from "./fixtures";
import { makeSubgraph } from "./make_subgraph";
import { applyAll, emptyDoc } from "./ops";
import { numbered, textToImage, within } from "./subgraph_fixtures";
import { setNode } from "./edits";
import type { Doc } from "./types";

/** Encode and sampler are node 7, and that is in node 8. */
function nested(newId: () => string): Doc {
  const doc = textToImage();
  const once = applyAll(doc, makeSubgraph(doc, { nodes: ["2", "4"], name: "Inner", newId }, SPECS)!.ops);
  return applyAll(once, makeSubgraph(once, { nodes: ["7", "3"], name: "Outer", newId }, SPECS)!.ops);
}

const names = (doc: Doc) => definitionsOf(doc).map(({ name }) => name);

describe("a blueprint", () => {
  it("is a workflow of one node, whose subgraph is defined first", () => {
    const blueprint = blueprintOf(nested(numbered()), "8") as Record<string, unknown>;
    expect(blueprint).toMatchObject({ nodes: [{ id: 1, pos: [0, 0] }], links: [], last_node_id: 1, version: 0.4 });
    const { subgraphs } = blueprint["definitions"] as { subgraphs: { name: string }[] };
    expect(subgraphs.map(({ name }) => name)).toEqual(["Outer", "Inner"]);
    expect(blueprintOf(textToImage(), "1")).toBeNull();
  });

  it("is put into another workflow with all that it needs", () => {
    const clip = clipOf(blueprintOf(nested(numbered()), "8"), SPECS)!;
    const doc = applyAll(emptyDoc(), paste(emptyDoc(), clip, [5, 6]).ops);
    expect(names(doc)).toEqual(["Outer", "Inner"]);
    expect(Object.values(doc.nodes)).toMatchObject([{ pos: [5, 6], type: definitionsOf(doc)[0]!["id"] }]);
  });

  it("of a file without a node gets one with its inputs and outputs", () => {
    const { definitions } = blueprintOf(nested(numbered()), "8") as { definitions: unknown };
    const clip = clipOf({ nodes: [], links: [], definitions, version: 0.4 }, SPECS)!;
    expect(clip.nodes).toHaveLength(1);
    expect((clip.nodes[0]!["outputs"] as { name: string }[]).map(({ name }) => name)).toEqual(["LATENT"]);
    expect(clipOf({ nodes: [], links: [] }, SPECS)).toBeNull();
  });

  it("is the subgraph that is there already, if it is the same", () => {
    const doc = nested(numbered());
    const clip = distinct(doc, clipOf(blueprintOf(doc, "8"), SPECS)!, numbered());
    expect(names(applyAll(doc, paste(doc, clip, [0, 0]).ops))).toEqual(["Inner", "Outer"]);
  });

  it("comes as it was beside what was changed in the meantime, also deep inside", () => {
    const newId = numbered();
    const start = nested(newId);
    const blueprint = blueprintOf(start, "8");
    const [inner] = definitionsOf(start);
    const doc = applyAll(start, redefine(start, inner!["id"] as string, { name: "Changed" }));
    const clip = distinct(doc, clipOf(blueprint, SPECS)!, newId);
    const after = applyAll(doc, paste(doc, clip, [0, 0]).ops);
    expect(names(after)).toEqual(["Changed", "Outer", "Outer", "Inner"]);
    const changed = within(after, ["9", "7"], (level) => setNode(level, "4", { title: "only here" }));
    expect(changed.nodes["9"]!.type).not.toBe(changed.nodes["8"]!.type);
    expect(definitionsOf(changed)[0]).toEqual(definitionsOf(after)[0]);
  });
});
