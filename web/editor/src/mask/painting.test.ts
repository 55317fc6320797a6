// @vitest-environment node
import { describe, expect, it } from "vitest";
import { coverage, paint, type Brush, type Dab } from "./brush";
import { emptyMask, FULL, wholeOf, type Mask } from "./mask";
import { Path } from "./path";

const HARD: Brush = { feather: 0, erases: false };
const SOFT: Brush = { feather: 1, erases: false };

const dab = (x: number, y: number, radius = 8): Dab => ({ x, y, radius });
const at = (mask: Mask, x: number, y: number) => mask.data[y * mask.width + x]!;

function painted(brush: Brush, from: Dab, to = from, mask = emptyMask(64, 64)): Mask {
  paint(mask, wholeOf(mask), from, to, brush);
  return mask;
}

describe("the brush", () => {
  it("covers all within its radius and nothing outside when it is hard, but for one pixel of edge", () => {
    expect(coverage(9.5, 10, 0)).toBe(1);
    expect(coverage(10, 10, 0)).toBe(0.5);
    expect(coverage(10.5, 10, 0)).toBe(0);
  });

  it.each([0.25, 0.5, 1])("fades over the part %d of its radius, never rising", (feather) => {
    const values = Array.from({ length: 201 }, (_, step) => coverage(step / 10, 20, feather));
    expect(values[Math.floor(200 * (1 - feather))]).toBeCloseTo(1, 2);
    expect(values.at(-1)).toBe(0);
    expect(values.every((value, step) => step === 0 || value <= values[step - 1]!)).toBe(true);
  });

  it("of one pixel marks that pixel alone", () => {
    const mask = painted(HARD, dab(10.5, 20.5, 0.5));
    expect(at(mask, 10, 20)).toBeGreaterThan(FULL / 2);
    expect(mask.data.reduce((sum, value) => sum + Number(value > 0), 0)).toBe(1);
  });

  it("fills a straight way without gaps, as wide as it is", () => {
    const mask = painted(HARD, dab(10, 32), dab(54, 32));
    for (let x = 10; x < 54; x++) expect([at(mask, x, 25), at(mask, x, 38)]).toEqual([FULL, FULL]);
    expect(at(mask, 32, 22)).toBe(0);
    expect(at(mask, 32, 41)).toBe(0);
  });

  it("grows along the way with the pen's pressure", () => {
    const mask = painted(HARD, dab(10, 32, 2), dab(54, 32, 10));
    expect(at(mask, 10, 37)).toBe(0);
    expect(at(mask, 52, 37)).toBe(FULL);
  });

  it("leaves a soft edge soft, however often it goes over it", () => {
    const once = painted(SOFT, dab(32, 32));
    const often = painted(SOFT, dab(32, 32), dab(32, 32), painted(SOFT, dab(32, 32)));
    expect(often.data).toEqual(once.data);
    expect(at(once, 36, 32)).toBeGreaterThan(0);
    expect(at(once, 36, 32)).toBeLessThan(FULL);
  });

  it("erases what it painted", () => {
    const mask = painted({ feather: 0, erases: true }, dab(32, 32, 9), dab(32, 32, 9), painted(HARD, dab(32, 32)));
    expect(mask.data.every((value) => value === 0)).toBe(true);
  });
});

describe("the path", () => {
  it("goes from the first point to the last, near all others, in small steps", () => {
    const points = [dab(0, 0), dab(20, 0), dab(40, 20), dab(40, 40)];
    const path = new Path(points[0]!);
    const way = [points[0]!, ...points.slice(1).flatMap((point) => path.add(point)), ...path.end()];
    expect(way.at(-1)).toEqual(points.at(-1));
    const distance = (one: Dab, other: Dab) => Math.hypot(one.x - other.x, one.y - other.y);
    for (const point of points) expect(Math.min(...way.map((each) => distance(each, point)))).toBeLessThan(6);
    const turns = way.slice(2).map((each, index) => {
      const [before, last] = [way[index]!, way[index + 1]!];
      const turn = Math.atan2(each.y - last.y, each.x - last.x) - Math.atan2(last.y - before.y, last.x - before.x);
      return Math.abs(turn);
    });
    expect(Math.max(...turns)).toBeLessThan(0.5); // the corners of the points were 0.79
  });

  it("does not work for points that are as good as where it is", () => {
    const path = new Path(dab(0, 0, 100));
    expect(path.add(dab(1, 1, 100))).toEqual([]);
    expect(path.end()).toEqual([]);
  });
});
