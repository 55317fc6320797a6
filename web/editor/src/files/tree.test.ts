import { expect, it } from "vitest";
import type { SavedFile } from "./library";
import { rowsOf, type Row } from "./tree";

const NAMES = ["zoo", "b/two 10", "b/two 2", "b/deep/one", "Apple", "a/x"];
const FILES: SavedFile[] = NAMES.map((name, index) => ({ path: `workflows/${name}.json`, modified: index }));

it("lists folders before files, and numbers by their size", () => {
  expect(shape(rowsOf(FILES))).toEqual([
    "a/ 1",
    "  x.json",
    "b/ 3",
    "  deep/ 1",
    "    one.json",
    "  two 2.json",
    "  two 10.json",
    "Apple.json",
    "zoo.json",
  ]);
});

it("lists what was changed last first, in its folder", () => {
  expect(shape(rowsOf(FILES, { sortBy: "newest", closed: new Set(["a/", "b/deep/"]) }))).toEqual([
    "a/ 1",
    "b/ 3",
    "  deep/ 1",
    "  two 2.json",
    "  two 10.json",
    "Apple.json",
    "zoo.json",
  ]);
});

it("finds what has all words of a query in its path, in any case, also in closed folders", () => {
  const closed = new Set(["b/"]);
  expect(shape(rowsOf(FILES, { query: "TWO b/", closed }))).toEqual(["b/ 2", "  two 2.json", "  two 10.json"]);
  expect(rowsOf(FILES, { query: "nothing like it" })).toEqual([]);
});

it("lists thousands of files in a moment", () => {
  const many = Array.from({ length: 5000 }, (_, n) => ({ path: `workflows/${n % 50}/${n}.json`, modified: n }));
  const before = performance.now();
  expect(rowsOf(many)).toHaveLength(5050);
  expect(performance.now() - before).toBeLessThan(1000); // it takes some 50 ms
});

function shape(rows: readonly Row[]): string[] {
  return rows.map(
    (row) =>
      "  ".repeat(row.depth) + (row.kind === "folder" ? `${row.name}/ ${row.count}` : row.file.path.split("/").at(-1)),
  );
}
