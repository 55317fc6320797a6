// @vitest-environment node
import { describe, expect, it, vi } from "vitest";
import type { Brush, Dab } from "./brush";
import { History } from "./history";
import { emptyMask, FULL } from "./mask";
import { Session } from "./session";
import { TILE } from "./tiles";

const BRUSH: Brush = { feather: 0.5, erases: false };
const dab = (x: number, y: number, radius = 20): Dab => ({ x, y, radius });

/** Of no multiple of a tile's side, so that the last ones are smaller. */
const session = () => new Session(emptyMask(TILE * 2 + 37, TILE + 11));

/** `toEqual` takes its time for each element. */
const same = (one: Uint8Array, other: Uint8Array) => one.every((value, at) => value === other[at]);

function stroke(on: Session, ...points: Dab[]): void {
  on.begin(points[0]!, BRUSH);
  points.slice(1).forEach((point) => on.move(point));
  on.end();
}

describe("strokes", () => {
  it("are undone one by one, and done again", () => {
    const it = session();
    const states = [it.mask.data.slice()];
    stroke(it, dab(30, 30), dab(250, 100));
    states.push(it.mask.data.slice());
    stroke(it, dab(280, 130));
    states.push(it.mask.data.slice());
    it.invert();
    states.push(it.mask.data.slice());
    it.clear();
    for (const state of [...states].reverse()) {
      it.undo();
      expect(same(it.mask.data, state)).toBe(true);
    }
    expect(it.history.canUndo).toBe(false);
    expect(it.history.changed).toBe(false);
    for (const state of states.slice(1)) {
      it.redo();
      expect(same(it.mask.data, state)).toBe(true);
    }
  });

  it("that are new take the place of those undone", () => {
    const it = session();
    stroke(it, dab(30, 30));
    it.undo();
    stroke(it, dab(90, 90));
    expect(it.history.canRedo).toBe(false);
  });

  it("that are taken back while they are drawn leave nothing, not even to redo", () => {
    const it = session();
    stroke(it, dab(30, 30));
    const before = it.mask.data.slice();
    it.begin(dab(60, 60), BRUSH);
    it.move(dab(200, 100));
    it.cancel();
    expect(same(it.mask.data, before)).toBe(true);
    expect(it.history.canRedo).toBe(false);
    it.undo();
    expect(it.mask.data.every((value) => value === 0)).toBe(true);
  });

  it("beside the picture change nothing, and are nothing to save", () => {
    const it = session();
    stroke(it, dab(-100, -100), dab(-90, 500));
    expect(it.history.changed).toBe(false);
  });

  it("go on in a straight line from where the last one ended", () => {
    const it = session();
    stroke(it, dab(20, 50, 4));
    it.begin(dab(220, 50, 4), BRUSH, true);
    it.end();
    expect(it.mask.data[50 * it.mask.width + 120]).toBe(FULL);
  });

  it("tell what has to be drawn anew, and whom it concerns", () => {
    const it = session();
    expect(it.takeDirty()).toMatchObject({ x: 0, y: 0, width: it.mask.width });
    const listener = vi.fn();
    it.subscribe(listener);
    stroke(it, dab(60, 60, 10));
    expect(listener).toHaveBeenCalled();
    expect(it.takeDirty()).toEqual({ x: 49, y: 49, width: 22, height: 22 });
    expect(it.takeDirty()).toBeNull();
  });
});

describe("what is kept for undoing", () => {
  it("is little for a stroke on a large picture, and for a whole picture of one value", () => {
    const mask = emptyMask(4096, 4096);
    const history = new History(mask);
    history.keep({ x: 0, y: 0, width: 4096, height: 4096 });
    mask.data.fill(FULL);
    history.end();
    expect(history.bytes).toBeLessThan(10_000);
  });

  it("has a limit: the oldest strokes are forgotten, and that there were some is not", () => {
    const mask = emptyMask(TILE * 4, TILE);
    const history = new History(mask, 3 * TILE * TILE);
    for (let value = 1; value <= 10; value++) {
      history.keep({ x: 0, y: 0, width: TILE, height: TILE });
      mask.data.forEach((_, at) => (mask.data[at] = (at * value) % 256)); // no tile is of one value
      history.end();
    }
    expect(history.bytes).toBeLessThanOrEqual(3 * TILE * TILE);
    let undone = 0;
    while (history.undo()) undone += 1;
    expect(undone).toBe(3);
    expect(history.changed).toBe(true);
  });
});
