import type { Size } from "../panels/zoom";
import type { Point } from "./coordinates";
import type { Session } from "./session";

/** From this scale on it is the pixels that one wants to see. */
const PIXELS_FROM = 8;
/** Stripes in two colours: one of them is seen on any picture. */
const STRIPE_PX = 6;

/** The mask as the alpha of a canvas, which is what canvases can be drawn through. */
export class Sheet {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;

  constructor(private readonly session: Session) {
    this.canvas.width = session.mask.width;
    this.canvas.height = session.mask.height;
    this.context = this.canvas.getContext("2d")!;
  }

  upToDate(): HTMLCanvasElement {
    const { mask } = this.session;
    const rect = this.session.takeDirty();
    if (!rect) return this.canvas;
    const part = new ImageData(rect.width, Math.min(rect.height, ROWS_AT_ONCE));
    for (let top = 0; top < rect.height; top += ROWS_AT_ONCE) {
      const rows = Math.min(ROWS_AT_ONCE, rect.height - top);
      for (let y = 0; y < rows; y++) {
        const at = (rect.y + top + y) * mask.width + rect.x;
        for (let x = 0; x < rect.width; x++) part.data[(y * rect.width + x) * 4 + 3] = mask.data[at + x]!;
      }
      this.context.putImageData(part, rect.x, rect.y + top, 0, 0, rect.width, rows);
    }
    return this.canvas;
  }
}

const ROWS_AT_ONCE = 256;

export function drawPicture(canvas: HTMLCanvasElement, picture: ImageBitmap, place: Point & Size, stage: Size): void {
  draw(cleared(canvas, stage), picture, place, picture.width);
}

export function drawMask(canvas: HTMLCanvasElement, mask: HTMLCanvasElement, place: Point & Size, stage: Size): void {
  const context = cleared(canvas, stage);
  draw(context, mask, place, mask.width);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = stripes(context, getComputedStyle(canvas));
  context.fillRect(0, 0, stage.width, stage.height);
}

/** A canvas of the stage's size in the screen's own pixels, with nothing on it. Setting its width clears it. */
function cleared(canvas: HTMLCanvasElement, stage: Size): CanvasRenderingContext2D {
  const { devicePixelRatio } = window;
  canvas.width = Math.round(stage.width * devicePixelRatio);
  canvas.height = Math.round(stage.height * devicePixelRatio);
  const context = canvas.getContext("2d")!;
  context.scale(devicePixelRatio, devicePixelRatio);
  return context;
}

function draw(
  context: CanvasRenderingContext2D,
  image: CanvasImageSource,
  { x, y, width, height }: Point & Size,
  ownWidth: number,
): void {
  context.imageSmoothingEnabled = width / ownWidth < PIXELS_FROM;
  context.imageSmoothingQuality = "high";
  context.drawImage(image, x, y, width, height);
}

function stripes(context: CanvasRenderingContext2D, style: CSSStyleDeclaration): CanvasPattern {
  const side = STRIPE_PX * 2;
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const pen = tile.getContext("2d")!;
  pen.fillStyle = style.getPropertyValue("--mask");
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = style.getPropertyValue("--mask-stripe");
  pen.lineWidth = side * Math.SQRT1_2 * 0.3;
  for (const at of [-side, 0, side]) {
    pen.moveTo(at - side, 2 * side);
    pen.lineTo(at + 2 * side, -side);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat")!;
}
