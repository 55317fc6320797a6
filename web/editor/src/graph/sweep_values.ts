import { takesSeveral } from "./inputs";
import { sweep as t } from "./strings";
import type { InputSpec } from "./types";

/**
 * The values of a sweep, written as text, read as the server reads them (`PlotXY`): so that a mistake is told while one
 * types. What is swept is what the server reads.
 */

export const MOST_VALUES = 100;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const STEPS = new RegExp(String.raw`^(${NUMBER})\s*\.\.\s*(${NUMBER})(?:\s+step\s+(${NUMBER}))?$`);
const COUNTED = new RegExp(String.raw`^(${NUMBER})\s*:\s*(${NUMBER})\s*:\s*(\d+)$`);
const ARROW = /\s*->\s*/;
const EMPTY = '""';
const TRUTHS = ["true", "yes", "on", "1", "false", "no", "off", "0"];
const SHOWN_CHOICES = 6;

/** Why a text lists no values. */
export class BadValues extends Error {
  override readonly name = "BadValues";
}

/** What the values of a text are called, for an input that holds `now`. Throws `BadValues`. */
export function valuesIn(text: string, spec: InputSpec, now: unknown): string[] {
  const kinds = kindsOf(spec, now);
  const isNumber = kinds.includes("INT") || kinds.includes("FLOAT");
  const parts = split(text, isNumber).flatMap((part) => (isNumber ? ranged(part) : [part]));
  if (parts.length === 0) throw new BadValues(t.noValues);
  if (parts.length > MOST_VALUES) throw new BadValues(t.tooManyValues(parts.length, MOST_VALUES));
  return parts.map((part) => label(part, kinds, spec, now));
}

/** Whether a sweep can go over an input at all. */
export function canSweep({ options, type, choices }: InputSpec): boolean {
  return !takesSeveral(options) && (choices !== undefined || kindsOfType(type).some((kind) => PLAIN.has(kind)));
}

const PLAIN: ReadonlySet<string> = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "*"]);

function kindsOfType(type: string): string[] {
  return type.split(",").map((kind) => kind.trim());
}

function kindsOf({ type, choices }: InputSpec, now: unknown): string[] {
  if (choices !== undefined) return ["COMBO"];
  const kinds = kindsOfType(type);
  if (!kinds.includes("*")) return kinds;
  if (typeof now === "boolean") return ["BOOLEAN"];
  if (typeof now === "bigint" || Number.isInteger(now)) return ["INT"];
  return [typeof now === "number" ? "FLOAT" : "STRING"];
}

/** One a line, or in a single line with commas between them; numbers with both. */
function split(text: string, alwaysAtCommas: boolean): string[] {
  const lines = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  if (lines.length > 1 && !alwaysAtCommas) return lines;
  return lines.flatMap((line) => line.split(",").flatMap((part) => part.trim() || []));
}

function ranged(part: string): string[] {
  const counted = COUNTED.exec(part);
  if (counted) {
    const [first, last, count] = [Number(counted[1]), Number(counted[2]), Number(counted[3])];
    if (count < 2) throw new BadValues(t.shortRange(part));
    return spread(part, count, (i) => first + ((last - first) * i) / (count - 1));
  }
  const steps = STEPS.exec(part);
  if (!steps) return [part];
  const [first, last, step] = [Number(steps[1]), Number(steps[2]), Math.abs(Number(steps[3] ?? "1"))];
  if (step === 0) throw new BadValues(t.noStep(part));
  // Decimals are no binary fractions: 0.3 / 0.1 is a little less than 3.
  const count = Math.floor(Math.abs(last - first) / step + 1e-9) + 1;
  return spread(part, count, (i) => first + (last >= first ? step : -step) * i);
}

function spread(part: string, count: number, at: (i: number) => number): string[] {
  if (count > MOST_VALUES) throw new BadValues(t.longRange(part, count, MOST_VALUES));
  return Array.from({ length: count }, (_, i) => String(Number(at(i).toFixed(10))));
}

function label(part: string, kinds: readonly string[], spec: InputSpec, now: unknown): string {
  if (kinds.includes("BOOLEAN") && TRUTHS.includes(part.toLowerCase())) return part;
  const isNumber = new RegExp(`^${NUMBER}$`).test(part);
  if ((kinds.includes("INT") && /^[+-]?\d+$/.test(part)) || (kinds.includes("FLOAT") && isNumber))
    return within(part, spec);
  if (kinds.includes("COMBO")) return chosen(part, spec);
  if (kinds.includes("STRING")) return exchanged(part, now);
  throw new BadValues(t.misfit(part, kinds.map((kind) => t.kinds[kind] ?? kind).join(t.or)));
}

function within(part: string, { options }: InputSpec): string {
  const [min, max, value] = [options["min"], options["max"], Number(part)];
  if (typeof min === "number" && value < min) throw new BadValues(t.tooSmall(part, String(min)));
  if (typeof max === "number" && value > max) throw new BadValues(t.tooLarge(part, String(max)));
  return part;
}

function chosen(part: string, { choices = [] }: InputSpec): string {
  const known = choices.map(String);
  if (known.length > 0 && !known.includes(part))
    throw new BadValues(t.noChoice(part, known.slice(0, SHOWN_CHOICES).join(", "), known.length > SHOWN_CHOICES));
  return part;
}

/** A text: itself, or what stands there now with words exchanged. */
function exchanged(part: string, now: unknown): string {
  if (part === EMPTY) return t.empty;
  const arrow = ARROW.exec(part);
  if (!arrow) return part;
  const [before, after] = [part.slice(0, arrow.index), part.slice(arrow.index + arrow[0].length)];
  if (before === "" || !String(now).includes(before)) throw new BadValues(t.noWords(part, before));
  return after || t.without(before);
}
