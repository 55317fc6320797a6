import type { NodeAccount, NodeOutput } from "../api/types";
import { isFields } from "../graph/same";
import { asPicture, type Picture } from "../panels/pictures";
import { t } from "./strings";

/** What came of a sweep, as `SaveSweep` tells it: a table with a line for each cell, row by row. */

export interface SweptAxis {
  /** As the server calls it: `5.cfg`, `5:2.steps`. */
  readonly input: string;
  readonly labels: readonly string[];
  readonly values: readonly unknown[];
}

export interface Sweep {
  readonly axes: readonly SweptAxis[];
  readonly sheet: Picture | null;
  readonly cells: readonly Cell[];
}

export interface Cell {
  /** One for each axis. */
  readonly labels: readonly string[];
  readonly values: readonly unknown[];
  readonly pictures: readonly Picture[];
  /** What the ids of its nodes begin with. */
  readonly nodes: string;
}

/** The sweep among what a node showed; null if there is none. */
export function sweepIn(output: NodeOutput | undefined): Sweep | null {
  const [told] = output?.["sweep"] ?? [];
  if (!isFields(told) || !Array.isArray(told["axes"]) || !Array.isArray(told["cells"])) return null;
  const axes = told["axes"].filter(isFields).map(readAxis);
  const columns = axes[0]?.values.length ?? 0;
  const cells = told["cells"].filter(isFields).map((cell, at): Cell => {
    const places = [at % columns, Math.floor(at / columns)];
    return {
      labels: axes.map(({ labels }, axis) => labels[places[axis]!] ?? ""),
      values: axes.map(({ values }, axis) => values[places[axis]!]),
      pictures: listIn(cell["images"]).flatMap((image) => asPicture(image) ?? []),
      nodes: String(cell["nodes"]),
    };
  });
  return { axes, cells, sheet: asPicture(output?.["images"]?.[0]) };
}

function readAxis(axis: Record<string, unknown>): SweptAxis {
  return { input: String(axis["input"]), labels: listIn(axis["labels"]).map(String), values: listIn(axis["values"]) };
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export type Accounts = Readonly<Record<string, NodeAccount>>;

/** The types of the nodes that ran for a cell alone, in their order. */
export function ranIn({ nodes }: Cell, accounts: Accounts): string[] {
  return Object.entries(accounts).flatMap(([id, { how, type }]) =>
    how === "ran" && id.startsWith(nodes) ? [type] : [],
  );
}

/** How often nodes of each type ran, all in all, without those that only make the sweep. */
export function countsOf(accounts: Accounts, isOwn: (type: string) => boolean): [string, number][] {
  const counts = new Map<string, number>();
  for (const { how, type } of Object.values(accounts)) {
    if (how === "ran" && !isOwn(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts];
}

/** A line for each cell: its values, its files, and what ran for it if that is known. `names` are those of the inputs. */
export function csvOf({ cells }: Sweep, names: readonly string[], accounts: Accounts | null): string {
  const lines = [
    [...names, t.table.picture, t.table.ran],
    ...cells.map((cell) => [
      ...cell.values.map(String),
      cell.pictures.map(({ subfolder, filename }) => (subfolder ? `${subfolder}/${filename}` : filename)).join(" "),
      accounts === null ? "" : ranIn(cell, accounts).join(" ") || t.table.remembered,
    ]),
  ];
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

/** RFC 4180; what a spreadsheet would take for a formula is told to be text. */
function quoted(field: string): string {
  const text = /^[=@+\t\r]|^-(?![\d.])/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
