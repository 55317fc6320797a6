/** A bigint only for a whole number that JavaScript would round: a seed above 2^53. */
export type Exact = number | bigint;

/** What may be typed and dragged into a number: the limits out of an input's options. */
export interface Limits {
  readonly min: Exact;
  readonly max: Exact;
  readonly step: number;
  /** Values are multiples of this, counted from zero; 0 for no rounding. */
  readonly round: number;
  readonly isWhole: boolean;
}

export function limitsOf(kind: "int" | "float", options: Readonly<Record<string, unknown>>): Limits {
  const step = positive(options["step"]) ?? (kind === "int" ? 1 : 0.01);
  return {
    min: known(options["min"]) ?? -Infinity,
    max: known(options["max"]) ?? Infinity,
    step,
    // `round: false` asks for none; a whole number is always whole.
    round: kind === "int" ? 1 : options["round"] === false ? 0 : (positive(options["round"]) ?? 0),
    isWhole: kind === "int",
  };
}

/** What a widget holds, as a number. */
export function exact(value: unknown): Exact {
  return typeof value === "bigint" ? narrowed(value) : Number(value);
}

/** The nearest value that the limits allow. */
export function clamped(value: Exact, { min, max, round, isWhole }: Limits): Exact {
  const near = typeof value === "bigint" ? value : round > 0 ? tidy(Math.round(value / round) * round) : tidy(value);
  const within = near < min ? min : near > max ? max : near;
  return isWhole ? narrowed(within) : within;
}

/** The value that many steps away. From a value off the grid of steps, the first step leads to the grid. */
export function stepped(value: Exact, steps: number, limits: Limits): Exact {
  const base = limits.min === -Infinity ? 0 : limits.min;
  if (limits.isWhole && [value, base, limits.step].every(isWhole)) return steppedWhole(value, steps, base, limits);
  const at = (Number(value) - Number(base)) / limits.step;
  const snapped = steps > 0 ? Math.floor(at + 1e-9) : Math.ceil(at - 1e-9);
  return clamped(Number(base) + (snapped + steps) * limits.step, limits);
}

function steppedWhole(value: Exact, steps: number, base: Exact, limits: Limits): Exact {
  const step = BigInt(limits.step);
  const off = (BigInt(value) - BigInt(base)) % step;
  const below = BigInt(value) - off - (off < 0n ? step : 0n);
  const snapped = steps < 0 && off !== 0n ? below + step : below;
  return clamped(snapped + BigInt(steps) * step, limits);
}

/** A sum as exact as its parts. */
export function plus(value: Exact, by: number): Exact {
  return typeof value === "bigint" && isWhole(by) ? value + BigInt(by) : Number(value) + by;
}

/** As few decimals as tell the value: 0.1 + 0.2 is 0.3. */
export function shown(value: Exact): string {
  if (typeof value === "bigint") return String(value);
  return Number.isFinite(value) ? String(tidy(value)) : "";
}

/** Cuts the noise of binary fractions; whole numbers stay as they are, however large. */
function tidy(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}

/**
 * The value of what was typed: a number, or sums like `64*8`, `(1024-512)/2`, `2^10`. Null if it is neither. A whole
 * number is taken to its last digit.
 * A parser of our own, since text from a workflow must never run as a program.
 */
export function evaluate(text: string): Exact | null {
  if (/^\s*-?\d+\s*$/.test(text)) return narrowed(BigInt(text.trim()));
  const tokens = text.replace(/,/g, ".").match(/\d*\.?\d+(?:e[+-]?\d+)?|\d+\.|[-+*/^%()]|\S/gi) ?? [];
  let at = 0;
  const next = (...wanted: string[]) => (wanted.includes(tokens[at] ?? "") ? tokens[at++]! : null);

  function sum(): number {
    let left = product();
    for (let sign = next("+", "-"); sign; sign = next("+", "-")) left = operate(left, sign, product());
    return left;
  }
  function product(): number {
    let left = signed();
    for (let sign = next("*", "/", "%"); sign; sign = next("*", "/", "%")) left = operate(left, sign, signed());
    return left;
  }
  function signed(): number {
    if (next("-")) return -signed();
    if (next("+")) return signed();
    const base = atom();
    return next("^") ? base ** signed() : base;
  }
  function atom(): number {
    if (!next("(")) return Number(tokens[at++] ?? NaN);
    const inner = sum();
    return next(")") ? inner : NaN;
  }

  const value = sum();
  return at === tokens.length && Number.isFinite(value) ? value : null;
}

function operate(left: number, sign: string, right: number): number {
  switch (sign) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    default:
      return left % right;
  }
}

/** As a number, unless that would round it. */
function narrowed(value: Exact): Exact {
  const number = Number(value);
  return Number.isSafeInteger(number) || !isWhole(value) ? number : BigInt(value);
}

function isWhole(value: Exact): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

function known(value: unknown): Exact | undefined {
  return typeof value === "bigint" ? value : finite(value);
}

function finite(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const number = finite(value);
  return number !== undefined && number > 0 ? number : undefined;
}
