import { useTools } from "./store";

interface Sides {
  readonly width: number;
  readonly height: number;
}

/** Of the smaller side: what a brush has at first. */
const FIRST_PART = 0.12;
const STEP = 1.15;
const FEATHER_STEP = 0.1;

export function largestSize({ width, height }: Sides): number {
  return Math.max(2, width, height);
}

/** A slider's place, 0 to 1, as a size: small sizes get as much room as large ones. */
export function sizeAt(part: number, largest: number): number {
  return Math.round(largest ** part);
}

export function partOf(size: number, largest: number): number {
  return Math.log(size) / Math.log(largest);
}

/** The next size up (1) or down (-1): another one in any case, within the limits. */
export function stepped(size: number, by: 1 | -1, largest: number): number {
  const next = Math.round(size * STEP ** by);
  return Math.min(largest, Math.max(1, next === size ? size + by : next));
}

/** A brush that fits the picture: the one that was used last, if it does. */
export function fitBrush(sides: Sides): void {
  const { size } = useTools.getState();
  const largest = largestSize(sides);
  const first = Math.max(1, Math.round(Math.min(sides.width, sides.height) * FIRST_PART));
  if (size === 0 || size > largest) useTools.setState({ size: first });
}

export function stepSize(by: 1 | -1, sides: Sides): void {
  useTools.setState(({ size }) => ({ size: stepped(size, by, largestSize(sides)) }));
}

export function stepFeather(by: 1 | -1): void {
  useTools.setState(({ feather }) => ({
    feather: Math.round(Math.min(1, Math.max(0, feather + by * FEATHER_STEP)) * 100) / 100,
  }));
}
