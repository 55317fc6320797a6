// @vitest-environment node
import { expect, it } from "vitest";
import type { Cause, NodeAccount } from "../api/types";
import { causeText, howText } from "./why";

const titleOf = (id: string) => (id === "4" ? "Words" : `#${id}`);
const cause = (given: Partial<Cause> & Pick<Cause, "kind">) =>
  causeText({ input: null, node: null, before: null, now: null, ...given }, titleOf);
const account = (how: NodeAccount["how"]): NodeAccount => ({
  type: "A",
  how,
  seconds: 1.23,
  shown_as: null,
  parent: null,
  causes: [],
});

it("tells how a node came by its result", () => {
  expect(howText(account("ran"))).toBe("It ran, 1.2 s.");
  expect(howText(account("disk"))).toContain("disk");
});

it("names the input and both values", () => {
  expect(cause({ kind: "input", input: "seed", before: 1, now: 2 })).toBe("seed changed from 1 to 2");
  expect(cause({ kind: "input", input: "text", before: "a", now: null })).toBe("text changed from “a” to nothing");
});

it("cuts long values", () => {
  expect(cause({ kind: "input", input: "text", before: "x".repeat(500), now: 1 }).length).toBeLessThan(120);
});

it("names the node by its title", () => {
  expect(cause({ kind: "upstream", input: "positive", node: "4" })).toContain("Words");
});

it("has words for causes that have no parts, also where the server leaves keys out", () => {
  expect(causeText({ kind: "new" } as Cause, titleOf)).toBe("it is new");
});
