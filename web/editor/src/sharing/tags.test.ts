import { expect, it } from "vitest";
import { tagged, tagsIn, tagsOf } from "./tags";

const FILES = ["a", "b/c", "d"].map((name) => ({ path: `workflows/${name}.json`, modified: 0 }));
const TAGS = { a: ["Cat", "Sepia"], "b/c": ["cat"], gone: ["lost"] };

it("reads words between commas, each once", () => {
  expect(tagsIn(" Cat, cat ,, two words,")).toEqual(["Cat", "two words"]);
  expect(tagsIn(" ")).toEqual([]);
});

it("lists the tags of the files that are there, case aside", () => {
  expect(tagsOf(FILES, TAGS).map((tag) => tag.toLowerCase())).toEqual(["cat", "sepia"]);
});

it("shows the files that have a tag, or all", () => {
  expect(tagged(FILES, TAGS, "CAT").map(({ path }) => path)).toEqual(["workflows/a.json", "workflows/b/c.json"]);
  expect(tagged(FILES, TAGS, null)).toBe(FILES);
});
