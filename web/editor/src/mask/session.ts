import { boxOf, paint, pieces, type Brush, type Dab } from "./brush";
import { History } from "./history";
import { invert, union, wholeOf, type Mask, type Rect } from "./mask";
import { Path } from "./path";

/** One picture's mask while it is worked on: the strokes, and what is to be drawn anew because of them. */
export class Session {
  readonly history: History;
  private readonly listeners = new Set<() => void>();
  private dirty: Rect | null;
  private stroke: { readonly path: Path; readonly brush: Brush; at: Dab } | null = null;
  /** Where the last stroke ended: a straight line goes on from there. */
  private ended: Dab | null = null;
  private count = 0;

  constructor(readonly mask: Mask) {
    this.history = new History(mask);
    this.dirty = wholeOf(mask);
  }

  /** For React: `version` is another number whenever something has changed. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly version = (): number => this.count;

  get painting(): boolean {
    return this.stroke !== null;
  }

  /** Put the brush down; `straight` draws a line from where the last stroke ended. */
  begin(dab: Dab, brush: Brush, straight = false): void {
    const from = straight && this.ended ? { ...this.ended, radius: dab.radius } : dab;
    this.stroke = { path: new Path(dab), brush, at: from };
    this.draw([dab]);
  }

  move(dab: Dab): void {
    if (this.stroke) this.draw(this.stroke.path.add(dab));
  }

  end(): void {
    if (!this.stroke) return;
    this.draw(this.stroke.path.end());
    this.ended = this.stroke.at;
    this.stroke = null;
    this.step();
  }

  /** Take the stroke back that is being drawn. */
  cancel(): void {
    this.stroke = null;
    this.changed(this.history.cancel());
  }

  invert(): void {
    this.whole(() => invert(this.mask));
  }

  clear(): void {
    this.whole(() => this.mask.data.fill(0));
  }

  undo(): void {
    if (!this.stroke) this.changed(this.history.undo());
  }

  redo(): void {
    if (!this.stroke) this.changed(this.history.redo());
  }

  /** What has to be drawn anew since this was asked last. */
  takeDirty(): Rect | null {
    const { dirty } = this;
    this.dirty = null;
    return dirty;
  }

  private whole(change: () => void): void {
    if (this.stroke) return;
    this.history.keep(wholeOf(this.mask));
    change();
    this.changed(wholeOf(this.mask));
    this.step();
  }

  private draw(way: readonly Dab[]): void {
    const { stroke } = this;
    if (!stroke) return;
    for (const dab of way) {
      for (const [from, to] of pieces(stroke.at, dab)) this.segment(from, to, stroke.brush);
      stroke.at = dab;
    }
  }

  private segment(from: Dab, to: Dab, brush: Brush): void {
    const box = boxOf(this.mask, from, to);
    if (!box) return;
    this.history.keep(box);
    paint(this.mask, box, from, to, brush);
    this.changed(box);
  }

  private step(): void {
    this.history.end();
    this.tell();
  }

  private changed(rect: Rect | null): void {
    this.dirty = union(this.dirty, rect);
    if (rect) this.tell();
  }

  private tell(): void {
    this.count += 1;
    this.listeners.forEach((listener) => listener());
  }
}
