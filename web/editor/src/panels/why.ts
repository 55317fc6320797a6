import type { Cause, NodeAccount } from "../api/types";
import { jsonText } from "../graph/json";
import { t } from "./strings";
import { duration } from "./times";

const SHOWN_CHARACTERS = 60;

/** How a node came by its result, in a sentence. */
export function howText({ how, seconds }: NodeAccount): string {
  return how === "ran" ? t.why.how.ran(duration(seconds)) : t.why.how[how];
}

/** One reason why a node ran. */
export function causeText(cause: Cause, titleOf: (node: string) => string): string {
  const named = { input: cause.input ?? "", node: cause.node == null ? "" : titleOf(cause.node) };
  return t.why.causes[cause.kind](named, shown(cause.before), shown(cause.now));
}

/** A value to read within a sentence; nothing is said if there was none. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return t.why.nothing;
  const text = typeof value === "string" ? `“${value}”` : jsonText(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
