import { Position, type NodeHandle } from "@xyflow/react";
import type { DocNode } from "../graph/types";
import { isCollapsed, TITLE_HEIGHT } from "./geometry";
import { handleId, inputHandleId } from "./handles";

/**
 * How large a node will be, and where its sockets, before it is drawn and measured: as `nodes.css` has them, but for
 * texts that make it grow, and for widgets without sockets. So what is out of sight need not be drawn to be measured.
 */
const COLLAPSED_WIDTH = 160;
const REROUTE = { width: 40, height: 24 };
const DOT = 10;
const ROW = 24;
const WIDGET_ROW = 30;
const PAD = 6;

/** Whether what is known of one holds for the other. */
export function isSameShape(a: DocNode, b: DocNode): boolean {
  const isSame = a.type === b.type && a.inputs === b.inputs && a.outputs === b.outputs && a.size === b.size;
  return isSame && isCollapsed(a) === isCollapsed(b);
}

export function sizeOf(node: DocNode): { width: number; height: number } {
  if (node.type === "Reroute") return REROUTE;
  if (isCollapsed(node)) return { width: COLLAPSED_WIDTH, height: TITLE_HEIGHT };
  return { width: node.size[0], height: node.size[1] + TITLE_HEIGHT };
}

export function socketsOf(node: DocNode): NodeHandle[] {
  const { width, height } = sizeOf(node);
  const isFlat = node.type === "Reroute" || isCollapsed(node);
  const place = (y: number) => (isFlat ? height / 2 : Math.min(y, height - PAD)) - DOT / 2;
  const rowAt = (row: number) => place(TITLE_HEIGHT + PAD + ROW * (row + 0.5));
  const plain = node.inputs.filter((input) => input.widget === undefined).length;
  const widgetsAt = TITLE_HEIGHT + PAD * 2 + ROW * Math.max(plain, node.outputs.length);
  let [rows, widgets] = [0, 0];
  const inputs = node.inputs.map((input, slot) => ({
    ...socket("target", inputHandleId(input, slot), -DOT / 2),
    y: input.widget === undefined ? rowAt(rows++) : place(widgetsAt + WIDGET_ROW * (widgets++ + 0.5)),
  }));
  const outputs = node.outputs.map((_, slot) => ({
    ...socket("source", handleId("out", slot), width - DOT / 2),
    y: rowAt(slot),
  }));
  return [...inputs, ...outputs];
}

function socket(type: "source" | "target", id: string, x: number) {
  return { id, type, position: type === "source" ? Position.Right : Position.Left, x, width: DOT, height: DOT };
}
