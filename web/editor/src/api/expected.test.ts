// @vitest-environment node
import { expect, it } from "vitest";
import { SPECS } from "../graph/fixtures";
import { loadDoc } from "../graph/load";
import { expectedNodes } from "./expected";

const OUT = [{ name: "IMAGE", type: "IMAGE", links: [] }];

function row(kinds: readonly object[]): ReturnType<typeof loadDoc> {
  const last = kinds.length;
  const nodes = kinds.map((kind, at) => ({
    id: at + 1,
    inputs: at > 0 ? [{ name: "images", type: "IMAGE", link: at }] : [],
    outputs: at < last - 1 ? OUT : [],
    ...kind,
  }));
  const links = nodes.slice(1).map(({ id }) => [id - 1, id - 1, 0, id, 0, "IMAGE"]);
  const inner = { id: "inner", name: "Inner", nodes: [] };
  const definitions = { subgraphs: [{ id: "outer", name: "Outer", nodes: [], definitions: { subgraphs: [inner] } }] };
  return loadDoc({ nodes, links, definitions, extra: { groupNodes: { Mine: { nodes: [] } } }, version: 0.4 });
}

it("expects the outputs and what feeds them, subgraphs and group nodes too, but nothing that only editors know", () => {
  const kinds = ["Load", "workflow>Mine", "outer", "inner", "Reroute", "Gone", "Save"].map((type) => ({ type }));
  expect(expectedNodes(row(kinds), SPECS)).toEqual(new Set(["1", "2", "3", "4", "7"]));
});

it("expects nothing of what is muted or bypassed, nor of what feeds only that", () => {
  const bypassed = [{ type: "Load" }, { type: "workflow>Mine", mode: 4 }, { type: "Save" }];
  expect(expectedNodes(row(bypassed), SPECS)).toEqual(new Set(["1", "3"]));
  const muted = [{ type: "Load" }, { type: "workflow>Mine", mode: 2 }, { type: "Save" }];
  expect(expectedNodes(row(muted), SPECS)).toEqual(new Set(["3"]));
});
