import { isCollapsed, TITLE_HEIGHT } from "../canvas/geometry";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocLink, DocNode, NodeId, Specs } from "../graph/types";
import { typeColor } from "../nodes/color";
import { around, type Box, boxFrom, boxOf, rowAt, type Rows, rowsOf, socketAt } from "./picture_layout";

export type PictureType = "image/png" | "image/webp";

const PAD = 12;
const RADIUS = 8;
const SHARPNESS = 2;
/** Pixels of a side: beyond this, some browsers give no picture. */
const LONGEST = 8000;
const QUALITY = 0.9;
/** Colours of files are made for a dark ground. */
const ON_COLOR = "#eeeeee";

interface Placed {
  readonly rows: Rows;
  readonly box: Box;
}

/** A workflow drawn in the colours of the theme. Null if the browser cannot write pictures of this type. */
export async function pictureOf(doc: Doc, specs: Specs, type: PictureType) {
  const placed = new Map<NodeId, Placed>();
  for (const node of Object.values(doc.nodes)) {
    const rows = rowsOf(doc, node, specs);
    placed.set(node.id, { rows, box: boxOf(node, rows) });
  }
  const groups = Object.values(doc.groups).map(({ bounding }) => boxFrom(bounding));
  const frame = around([...groups, ...[...placed.values()].map(({ box }) => box)]);
  const scale = Math.min(SHARPNESS, LONGEST / Math.max(frame.width, frame.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil(frame.width * scale), Math.ceil(frame.height * scale)];
  const pen = canvas.getContext("2d")!;
  pen.setTransform(scale, 0, 0, scale, -frame.x * scale, -frame.y * scale);
  new Drawing(pen, doc, specs, placed).draw(frame);
  const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, QUALITY));
  return picture?.type === type ? { picture, size: [canvas.width, canvas.height] as const } : null;
}

class Drawing {
  private readonly colors = new Map<string, string>();

  constructor(
    private readonly pen: CanvasRenderingContext2D,
    private readonly doc: Doc,
    private readonly specs: Specs,
    private readonly placed: ReadonlyMap<NodeId, Placed>,
  ) {
    pen.textBaseline = "middle";
  }

  draw(frame: Box): void {
    this.pen.fillStyle = this.color("var(--canvas)");
    this.pen.fillRect(frame.x, frame.y, frame.width, frame.height);
    for (const { bounding, title, color } of Object.values(this.doc.groups)) {
      const box = boxFrom(bounding);
      this.pen.globalAlpha = 0.3;
      this.panel(box, color ?? "var(--border-strong)");
      this.pen.globalAlpha = 1;
      this.text(title, box.x + PAD, box.y + TITLE_HEIGHT / 2, box.width - 2 * PAD, "600 15px");
    }
    for (const link of Object.values(this.doc.links)) this.wire(link);
    for (const id of this.doc.order) this.node(this.doc.nodes[id]!, this.placed.get(id)!);
    this.pen.globalAlpha = 1;
  }

  private node(node: DocNode, { box, rows }: Placed): void {
    this.pen.globalAlpha = node.mode === 0 ? 1 : 0.5;
    this.panel(box, node.bgcolor ?? "var(--node)");
    if (node.type !== "Reroute") this.title(node, box);
    if (isCollapsed(node)) return;
    const ink = node.bgcolor ? ON_COLOR : "var(--text)";
    const half = box.width / 2 - PAD;
    rows.inputs.forEach(({ name, type }, at) => {
      this.dot(box.x, socketAt(node, box, at), type);
      this.text(name, box.x + PAD, socketAt(node, box, at), half, "12px", ink);
    });
    node.outputs.forEach(({ name, type }, at) => {
      this.dot(box.x + box.width, socketAt(node, box, at), type);
      if (node.type !== "Reroute")
        this.text(name || type, box.x + box.width - PAD, socketAt(node, box, at), half, "12px", ink, "right");
    });
    rows.lines.forEach((line, at) =>
      this.text(line, box.x + PAD, rowAt(box, rows.sockets + at), box.width - 2 * PAD, "12px", ink),
    );
  }

  private title(node: DocNode, box: Box): void {
    this.panel({ ...box, height: TITLE_HEIGHT }, node.color ?? "var(--node-header)");
    const title = node.title ?? specOf(this.doc, node, this.specs)?.display_name ?? node.type;
    const ink = node.color ? ON_COLOR : "var(--text)";
    this.text(title, box.x + PAD, box.y + TITLE_HEIGHT / 2, box.width - 2 * PAD, "600 13px", ink);
  }

  private wire({ from, fromSlot, to, toSlot, type }: DocLink): void {
    const [source, target] = [this.doc.nodes[from]!, this.doc.nodes[to]!];
    const [start, end] = [this.placed.get(from)!, this.placed.get(to)!];
    const [x1, y1] = [start.box.x + start.box.width, socketAt(source, start.box, fromSlot)];
    const row = end.rows.inputs.indexOf(target.inputs[toSlot]!);
    const [x2, y2] = [end.box.x, socketAt(target, end.box, row)];
    const bend = Math.max(40, Math.abs(x2 - x1) / 2);
    this.pen.strokeStyle = this.color(typeColor(type));
    this.pen.lineWidth = 2.5;
    this.pen.beginPath();
    this.pen.moveTo(x1, y1);
    this.pen.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    this.pen.stroke();
  }

  private dot(x: number, y: number, type: string): void {
    this.pen.fillStyle = this.color(typeColor(type));
    this.pen.beginPath();
    this.pen.arc(x, y, 5, 0, 2 * Math.PI);
    this.pen.fill();
  }

  private panel({ x, y, width, height }: Box, color: string): void {
    this.pen.fillStyle = this.color(color);
    this.pen.strokeStyle = this.color("var(--node-border)");
    this.pen.lineWidth = 1;
    this.pen.beginPath();
    this.pen.roundRect(x, y, width, height, RADIUS);
    this.pen.fill();
    this.pen.stroke();
  }

  private text(
    text: string,
    x: number,
    y: number,
    width: number,
    font: string,
    color = "var(--text)",
    align: CanvasTextAlign = "left",
  ): void {
    // prettier-ignore
    this.pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
    this.pen.textAlign = align;
    this.pen.fillStyle = this.color(color);
    let shown = text;
    while (shown.length > 1 && this.pen.measureText(shown).width > width) shown = `${shown.slice(0, -2)}…`;
    this.pen.fillText(shown, x, y);
  }

  /** A canvas knows neither variables nor themes. */
  private color(css: string): string {
    const known = this.colors.get(css) ?? resolved(css);
    this.colors.set(css, known);
    return known;
  }
}

function resolved(css: string): string {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = css;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
