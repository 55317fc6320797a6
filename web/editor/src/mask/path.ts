import { between, type Dab } from "./brush";

/** Points closer to each other than this part of the radius make no difference that can be seen. */
const NEAR = 0.05;
const NEAR_PX = 0.5;
/** How long the straight parts of a curve are, in radii. */
const STEP = 0.5;
const STEP_PX = 2;
const MOST_STEPS = 16;

/** A smooth path through what the pointer reports: curves from middle to middle, bent by the points between. */
export class Path {
  private last: Dab;
  private drawn: Dab;

  constructor(start: Dab) {
    this.last = start;
    this.drawn = start;
  }

  /** The way on towards a point, without the half that the next point may bend. */
  add(point: Dab): Dab[] {
    const { last, drawn } = this;
    const distance = Math.hypot(point.x - last.x, point.y - last.y);
    if (distance < Math.max(NEAR_PX, point.radius * NEAR)) return [];
    const middle = between(last, point, 0.5);
    this.last = point;
    this.drawn = middle;
    return curve(drawn, last, middle);
  }

  /** The rest of the way, to the last point. */
  end(): Dab[] {
    return this.drawn === this.last ? [] : [this.last];
  }
}

/** A quadratic Bezier curve as points, without the first. */
function curve(from: Dab, bend: Dab, to: Dab): Dab[] {
  const length = Math.hypot(bend.x - from.x, bend.y - from.y) + Math.hypot(to.x - bend.x, to.y - bend.y);
  const steps = Math.min(MOST_STEPS, Math.max(1, Math.ceil(length / Math.max(STEP_PX, to.radius * STEP))));
  return Array.from({ length: steps }, (_, step) => {
    const part = (step + 1) / steps;
    return between(between(from, bend, part), between(bend, to, part), part);
  });
}
