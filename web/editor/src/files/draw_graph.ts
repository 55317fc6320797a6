import { cornerOf, TITLE_HEIGHT } from "../canvas/geometry";
import type { Doc, DocNode } from "../graph/types";

/** Greys that can be seen on a light and on a dark ground; a node's own colour stands before them. */
const NODE = "#8b93a1";
const WIRE = "#8b93a1b0";
const MARGIN = 0.06;
/** A lone node is drawn no larger than this, in pixels per pixel of the canvas at zoom 1. */
const LARGEST = 0.4;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draw a workflow's nodes as boxes, and its links, so that all of it fits. */
export function drawGraph(pen: CanvasRenderingContext2D, doc: Doc, width: number, height: number): void {
  const boxes = new Map(Object.values(doc.nodes).map((node) => [node.id, boxOf(node)]));
  if (boxes.size === 0) return;
  const all = [...boxes.values()];
  const left = Math.min(...all.map(({ x }) => x));
  const top = Math.min(...all.map(({ y }) => y));
  const wide = Math.max(...all.map((box) => box.x + box.width)) - left;
  const high = Math.max(...all.map((box) => box.y + box.height)) - top;
  const scale = Math.min(LARGEST, (1 - 2 * MARGIN) * Math.min(width / wide, height / high));
  pen.translate((width - wide * scale) / 2, (height - high * scale) / 2);
  pen.scale(scale, scale);
  pen.translate(-left, -top);

  pen.lineWidth = 2 / scale;
  pen.strokeStyle = WIRE;
  for (const { from, to } of Object.values(doc.links)) wire(pen, boxes.get(from), boxes.get(to));
  for (const node of Object.values(doc.nodes)) {
    const { x, y, width: w, height: h } = boxes.get(node.id)!;
    pen.fillStyle = node.color ?? node.bgcolor ?? NODE;
    pen.beginPath();
    pen.roundRect(x, y, w, h, 3 / scale);
    pen.fill();
  }
}

function boxOf(node: DocNode): Box {
  const { x, y } = cornerOf(node);
  const height = node.flags["collapsed"] === true ? TITLE_HEIGHT : node.size[1] + node.pos[1] - y;
  return { x, y, width: Math.max(1, node.size[0]), height: Math.max(1, height) };
}

function wire(pen: CanvasRenderingContext2D, from: Box | undefined, to: Box | undefined): void {
  if (!from || !to) return;
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const reach = Math.abs(x2 - x1) / 2;
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.bezierCurveTo(x1 + reach, y1, x2 - reach, y2, x2, y2);
  pen.stroke();
}
