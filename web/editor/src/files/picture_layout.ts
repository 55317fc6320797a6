import { isCollapsed, TITLE_HEIGHT } from "../canvas/geometry";
import { linkedInputs } from "../graph/connect";
import { widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocInput, DocNode, Specs } from "../graph/types";

/** Where things lie in the picture of a workflow, in pixels of the canvas at zoom 1. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const MARGIN = 40;
const ROW = 22;
const PAD = 10;
const COLLAPSED_WIDTH = 160;

/** What a node shows: its plain inputs, and below all sockets a line for each of its values. */
export interface Rows {
  readonly inputs: readonly DocInput[];
  readonly sockets: number;
  readonly lines: readonly string[];
}

export function rowsOf(doc: Doc, node: DocNode, specs: Specs): Rows {
  const spec = specOf(doc, node, specs);
  const widgets = spec ? widgetsOf(node, spec, linkedInputs(doc, node.id)) : [];
  const shown = new Set(widgets.map(({ name }) => name));
  const inputs = node.inputs.filter(({ widget }) => widget === undefined || !shown.has(widget));
  const named = widgets.filter(({ kind, linked }) => kind !== "control" && !linked);
  const text = (value: unknown) => (typeof value === "object" ? "" : String(value).replaceAll(/\s+/g, " "));
  const lines = spec
    ? named.map(({ name, value }) => (node.type.endsWith("Note") ? text(value) : `${name}: ${text(value)}`))
    : (Array.isArray(node.values) ? node.values : []).map(text);
  return { inputs, sockets: Math.max(inputs.length, node.outputs.length), lines };
}

export function boxOf(node: DocNode, { sockets, lines }: Rows): Box {
  const { pos, size, type } = node;
  const title = type === "Reroute" ? 0 : TITLE_HEIGHT;
  const corner = { x: pos[0], y: pos[1] - title };
  if (isCollapsed(node)) return { ...corner, width: Math.min(size[0], COLLAPSED_WIDTH), height: TITLE_HEIGHT };
  if (type === "Reroute") return { ...corner, width: size[0], height: size[1] };
  return { ...corner, width: size[0], height: title + Math.max(size[1], ROW * (sockets + lines.length) + 2 * PAD) };
}

/** The middle of a row below the title. */
export function rowAt(box: Box, row: number): number {
  return box.y + TITLE_HEIGHT + PAD + ROW * (row + 0.5);
}

/** Where a socket is; the middle of the title, or of a reroute, if it has no row of its own. */
export function socketAt(node: DocNode, box: Box, row: number): number {
  if (node.type === "Reroute") return box.y + box.height / 2;
  return isCollapsed(node) || row < 0 ? box.y + TITLE_HEIGHT / 2 : rowAt(box, row);
}

export function boxFrom([x, y, width, height]: readonly [number, number, number, number]): Box {
  return { x, y, width, height };
}

/** What holds all of these, with a margin. */
export function around(boxes: readonly Box[]): Box {
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  const isEmpty = boxes.length === 0;
  return isEmpty
    ? { x: 0, y: 0, width: 2 * MARGIN, height: 2 * MARGIN }
    : { x: x - MARGIN, y: y - MARGIN, width: right - x + 2 * MARGIN, height: bottom - y + 2 * MARGIN };
}
