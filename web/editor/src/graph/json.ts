import { parse, stringify } from "lossless-json";

/** What newer browsers have: it is faster by far, and a server may have megabytes of node types. */
interface Exact {
  parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown;
  rawJSON?(text: string): object;
}
const exact = JSON as Exact;

/** Only a number of so many digits can be one that JavaScript rounds. */
const LONG = /\d{16}/;

/**
 * Parses JSON. A whole number that JavaScript would round (a seed above 2^53) becomes a bigint, all others are numbers.
 * Throws `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  if (!LONG.test(text)) return JSON.parse(text) as unknown;
  if (exact.rawJSON) return exact.parse(text, (_, value, context) => exactly(value, context?.source));
  const onDuplicateKey = ({ newValue }: { newValue: unknown }) => newValue;
  return parse(text, null, { parseNumber: (source) => exactly(Number(source), source), onDuplicateKey });
}

/** A value as JSON, in which bigints are the numbers that they stand for. */
export function jsonText(value: unknown, indent?: number): string {
  const raw = exact.rawJSON;
  if (!raw) return stringify(value, null, indent)!;
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? raw(String(each)) : each), indent);
}

function exactly(value: unknown, source = ""): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
}
