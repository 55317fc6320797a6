import { expect, test } from "vitest";
import type { NodeAccount } from "../api/types";
import { countsOf, csvOf, ranIn, sweepIn } from "./results";

const file = (filename: string) => ({ filename, subfolder: "some", type: "output" });

const OUTPUT = {
  images: [file("sheet.png"), file("a.png"), file("b.png"), file("c.png"), file("d.png")],
  sweep: [
    {
      axes: [
        { input: "5.cfg", labels: ["2", "4"], values: [2, 4] },
        { input: "2.text", labels: ["a cat", "without a dog"], values: ["a cat", 'a "red" hat, worn'] },
      ],
      cells: ["a", "b", "c", "d"].map((name, at) => ({ nodes: `7:plot.0.${at}.`, images: [file(`${name}.png`)] })),
    },
  ],
};

function account(type: string, how: NodeAccount["how"]): NodeAccount {
  return { type, how, seconds: 1, shown_as: null, parent: null, causes: [] };
}

const ACCOUNTS = {
  "1": account("Loader", "ran"),
  "7:plot": account("PlotXY", "ran"),
  "7:plot.0.0.5": account("KSampler", "ran"),
  "7:plot.0.0.6": account("VAEDecode", "ran"),
  "7:plot.0.1.5": account("KSampler", "memory"),
  "7:plot.0.1.6": account("VAEDecode", "ran"),
  "7:plot.0.2.5": account("KSampler", "equal"),
};

test("cells have the values of their column and their row", () => {
  const sweep = sweepIn(OUTPUT)!;
  expect(sweep.cells.map(({ labels }) => labels)).toEqual([
    ["2", "a cat"],
    ["4", "a cat"],
    ["2", "without a dog"],
    ["4", "without a dog"],
  ]);
  expect(sweep.cells[3]!.values).toEqual([4, 'a "red" hat, worn']);
  expect(sweep.cells[1]!.pictures).toEqual([file("b.png")]);
  expect(sweep.sheet).toEqual(file("sheet.png"));
});

test.each([undefined, {}, { sweep: [] }, { sweep: ["no"] }, { sweep: [{ axes: 3, cells: [] }] }])(
  "%o tells of no sweep",
  (output) => expect(sweepIn(output)).toBeNull(),
);

test("what ran is told for each cell, and in all without the nodes that make the sweep", () => {
  const [first, second, third] = sweepIn(OUTPUT)!.cells;
  expect([first, second, third].map((cell) => ranIn(cell!, ACCOUNTS))).toEqual([
    ["KSampler", "VAEDecode"],
    ["VAEDecode"],
    [],
  ]);
  expect(countsOf(ACCOUNTS, (type) => type === "PlotXY")).toEqual([
    ["Loader", 1],
    ["KSampler", 1],
    ["VAEDecode", 2],
  ]);
});

test("the table as CSV, its texts quoted", () => {
  const sweep = sweepIn(OUTPUT)!;
  const lines = csvOf(sweep, ["cfg of Draw", "text of Words"], ACCOUNTS).split("\r\n");
  expect(lines[0]).toBe("cfg of Draw,text of Words,Picture,What ran");
  expect(lines[1]).toBe("2,a cat,some/a.png,KSampler VAEDecode");
  expect(lines[3]).toBe('2,"a ""red"" hat, worn",some/c.png,remembered');
  expect(csvOf(sweep, [], null).split("\r\n")[1]).toBe("2,a cat,some/a.png,");
});

test("a spreadsheet takes no text for a formula, and numbers stay numbers", () => {
  const [axis] = OUTPUT.sweep[0]!.axes;
  const told = { axes: [{ ...axis, values: ["=1+1", -0.5] }], cells: OUTPUT.sweep[0]!.cells.slice(0, 2) };
  const lines = csvOf(sweepIn({ sweep: [told] })!, ["cfg"], null).split("\r\n");
  expect(lines.slice(1, 3)).toEqual(["'=1+1,some/a.png,", "-0.5,some/b.png,"]);
});
