import { expect, it } from "vitest";
import { treeOf, type Folder, type SavedFile } from "./library";

const FILES: SavedFile[] = ["zoo", "b/two 10", "b/two 2", "b/deep/one", "Apple", "a/x"].map((name) => ({
  path: `workflows/${name}.json`,
  modified: 0,
}));

it("lists folders before files, and numbers by their size", () => {
  expect(shape(treeOf(FILES))).toEqual([
    ["a", ["x.json"]],
    ["b", [["deep", ["one.json"]], "two 2.json", "two 10.json"]],
    "Apple.json",
    "zoo.json",
  ]);
});

it("finds what has all words of a query in its path, in any case", () => {
  expect(shape(treeOf(FILES, "TWO b/"))).toEqual([["b", ["two 2.json", "two 10.json"]]]);
  expect(shape(treeOf(FILES, "nothing like it"))).toEqual([]);
});

type Shape = (string | [string, Shape])[];

function shape({ folders, files }: Folder): Shape {
  const inner = folders.map((folder): [string, Shape] => [folder.name, shape(folder)]);
  return [...inner, ...files.map(({ path }) => path.split("/").at(-1)!)];
}
