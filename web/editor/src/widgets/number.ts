/** What may be typed and dragged into a number: the limits out of an input's options. */
export interface Limits {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Values are multiples of this, counted from zero; 0 for no rounding. */
  readonly round: number;
}

export function limitsOf(kind: "int" | "float", options: Readonly<Record<string, unknown>>): Limits {
  const step = positive(options["step"]) ?? (kind === "int" ? 1 : 0.01);
  return {
    min: finite(options["min"]) ?? -Infinity,
    max: finite(options["max"]) ?? Infinity,
    step,
    // `round: false` asks for none; a whole number is always whole.
    round: kind === "int" ? 1 : options["round"] === false ? 0 : (positive(options["round"]) ?? 0),
  };
}

/** The nearest value that the limits allow. */
export function clamped(value: number, { min, max, round }: Limits): number {
  const rounded = round > 0 ? tidy(Math.round(value / round) * round) : tidy(value);
  return Math.min(max, Math.max(min, rounded));
}

/** The value that many steps away. From a value off the grid of steps, the first step leads to the grid. */
export function stepped(value: number, steps: number, limits: Limits): number {
  const base = Number.isFinite(limits.min) ? limits.min : 0;
  const at = (value - base) / limits.step;
  const snapped = steps > 0 ? Math.floor(at + 1e-9) : Math.ceil(at - 1e-9);
  return clamped(base + (snapped + steps) * limits.step, limits);
}

/** As few decimals as tell the value: 0.1 + 0.2 is 0.3. */
export function shown(value: number): string {
  return Number.isFinite(value) ? String(tidy(value)) : "";
}

/** Cuts the noise of binary fractions; whole numbers stay as they are, however large. */
function tidy(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}

/**
 * The value of what was typed: a number, or sums like `64*8`, `(1024-512)/2`, `2^10`. Null if it is neither.
 * A parser of our own, since text from a workflow must never run as a program.
 */
export function evaluate(text: string): number | null {
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

function finite(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const number = finite(value);
  return number !== undefined && number > 0 ? number : undefined;
}
