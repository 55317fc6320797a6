import { union, type Mask, type Rect } from "./mask";
import { put, rectOf, take, tilesOf, type Patch } from "./tiles";

/** One stroke: what the tiles that it changed held before. Undone, it holds what they held after. */
type Step = Map<number, Patch>;

const MOST_BYTES = 64 * 2 ** 20;

/** The strokes of a mask, to be undone and done again. The oldest are forgotten when they take too much memory. */
export class History {
  private past: Step[] = [];
  private future: Step[] = [];
  private open: Step | null = null;
  private forgotten = 0;

  constructor(
    private readonly mask: Mask,
    private readonly mostBytes = MOST_BYTES,
  ) {}

  /** Keep what lies in a part that is about to be changed. All that is kept until `end` is one step. */
  keep(rect: Rect): void {
    this.open ??= new Map();
    for (const tile of tilesOf(this.mask, rect)) {
      if (!this.open.has(tile)) this.open.set(tile, take(this.mask, tile));
    }
  }

  end(): void {
    if (this.open) {
      this.past.push(this.open);
      this.future = [];
      this.shorten();
    }
    this.open = null;
  }

  /** Put back what was kept since the last step. */
  cancel(): Rect | null {
    const step = this.open;
    this.open = null;
    return step && this.putBack(step);
  }

  /** The part that changed; null if there was nothing to undo. */
  undo(): Rect | null {
    return this.swap(this.past, this.future);
  }

  redo(): Rect | null {
    return this.swap(this.future, this.past);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Whether the mask is no longer as it was at first. */
  get changed(): boolean {
    return this.past.length + this.forgotten > 0;
  }

  /** How much memory the strokes take that can be undone. */
  get bytes(): number {
    return this.past.reduce((sum, step) => sum + bytesOf(step), 0);
  }

  private swap(from: Step[], to: Step[]): Rect | null {
    const step = from.pop();
    if (!step) return null;
    to.push(new Map([...step.keys()].map((tile) => [tile, take(this.mask, tile)])));
    return this.putBack(step);
  }

  private putBack(step: Step): Rect | null {
    let changed: Rect | null = null;
    for (const [tile, patch] of step) {
      put(this.mask, tile, patch);
      changed = union(changed, rectOf(this.mask, tile));
    }
    return changed;
  }

  private shorten(): void {
    let { bytes } = this;
    while (bytes > this.mostBytes && this.past.length > 1) {
      bytes -= bytesOf(this.past.shift()!);
      this.forgotten += 1;
    }
  }
}

function bytesOf(step: Step): number {
  let bytes = 0;
  for (const patch of step.values()) bytes += typeof patch === "number" ? 8 : patch.length;
  return bytes;
}
