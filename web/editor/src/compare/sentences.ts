import { diffWordsWithSpace } from "diff";
import type { Feed, LinkChange, NodeChange, NodeName, ValueChange } from "../api/comparing";
import { jsonText } from "../graph/json";
import type { Specs } from "../graph/types";
import { t } from "./strings";

/** A difference in words. */

export interface Part {
  readonly text: string;
  /** What is no longer there, or is there now. */
  readonly mark?: "gone" | "new";
}

export interface Sentence {
  readonly parts: readonly Part[];
  /** A long text, with what went and what came in its place. */
  readonly long?: readonly Part[];
}

/** Characters of two texts that fit into a sentence. */
const SHORT = 60;
/** Beyond this, looking for what two texts share takes too long: they are shown one after the other. */
const MOST_EDITS = 600;

/** What a node is called. */
export function nameOf({ title, type }: NodeName, specs: Specs): string {
  return title || specs[type]?.display_name || type;
}

export function valueSentence({ input, before, after }: ValueChange): Sentence {
  return changed(input, t.value(input), before, after, shown);
}

export function linkSentence({ input, before, after, value }: LinkChange, specs: Specs): Sentence {
  const source = (feed: Feed | null) => {
    if (feed) return t.feed(nameOf(feed.node, specs), feed.output);
    return value === null || value === undefined ? t.nowhere : shown(value);
  };
  return sentence(t.came(input), source(before), source(after));
}

export function nodeSentence({ what, before, after }: NodeChange): Sentence {
  const name = t.itself[what];
  if (what === "mode") return sentence(t.value(name), String(before), String(after));
  return changed(name, t.value(name), before, after, what === "title" ? titled : shown);
}

/** What two texts share, and what went and came between. */
export function inlineDiff(before: string, after: string): Part[] {
  const found = diffWordsWithSpace(before, after, { maxEditLength: MOST_EDITS });
  if (!found) return [gone(before), come(after)];
  return found.map(({ value, added, removed }) => (added ? come(value) : removed ? gone(value) : { text: value }));
}

function changed(
  name: string,
  words: readonly string[],
  before: unknown,
  after: unknown,
  show: (value: unknown) => string,
): Sentence {
  const [was, is] = [show(before), show(after)];
  if (typeof before === "string" && typeof after === "string" && isLong(before, after))
    return { parts: [{ text: t.text(name) }], long: inlineDiff(before, after) };
  return sentence(words, was, is);
}

function isLong(before: string, after: string): boolean {
  return before.length + after.length > SHORT || `${before}${after}`.includes("\n");
}

function sentence([was = "", is = ""]: readonly string[], before: string, after: string): Sentence {
  return { parts: [{ text: was }, gone(before), { text: is }, come(after), { text: "." }] };
}

function gone(text: string): Part {
  return { text, mark: "gone" };
}

function come(text: string): Part {
  return { text, mark: "new" };
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return t.nothingGiven;
  return typeof value === "string" ? t.quoted(value) : jsonText(value);
}

function titled(title: unknown): string {
  return title === null ? t.nothingTitled : shown(title);
}
