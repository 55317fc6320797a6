import type { NodeSpec } from "../graph/types";

export interface Found {
  readonly spec: NodeSpec;
  readonly score: number;
}

/** What is looked through, and how much a hit there counts. */
function fieldsOf(spec: NodeSpec): [text: string, weight: number][] {
  const aliases = (spec as NodeSpec & { readonly search_aliases?: readonly string[] }).search_aliases ?? [];
  return [
    [titleOf(spec), 1],
    [spec.name, 1],
    ...aliases.map((alias): [string, number] => [alias, 0.9]),
    [spec.category, 0.5],
  ];
}

export function titleOf(spec: NodeSpec): string {
  return spec.display_name || spec.name;
}

/** The node types that a query means, the best first; each of its words has to be found. All, by name, for no query. */
export function search(specs: readonly NodeSpec[], query: string): NodeSpec[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = specs.flatMap((spec): Found[] => {
    const score = scoreOf(spec, words);
    return score > 0 ? [{ spec, score }] : [];
  });
  return found
    .sort((a, b) => b.score - a.score || titleOf(a.spec).localeCompare(titleOf(b.spec)))
    .map(({ spec }) => spec);
}

function scoreOf(spec: NodeSpec, words: readonly string[]): number {
  const fields = fieldsOf(spec);
  let total = words.length === 0 ? 1 : 0;
  for (const word of words) {
    const best = Math.max(...fields.map(([text, weight]) => weight * match(text, word)));
    if (best <= 0) return 0;
    total += best;
  }
  return spec.deprecated ? total * 0.5 : total;
}

/** From 1 (the same) to 0 (not in it): whole, beginning, beginning of a word, within, letters in order. */
export function match(text: string, word: string): number {
  const lower = text.toLowerCase();
  if (lower === word) return 1;
  if (lower.startsWith(word)) return 0.8 + 0.1 * (word.length / lower.length);
  if (words(text).some((part) => part.startsWith(word))) return 0.7;
  if (lower.includes(word)) return 0.5;
  return word.length > 1 ? 0.4 * inOrder(lower, initials(text), word) : 0;
}

/** Letters in order: best as the beginnings of words (`ks` for KSampler), else the closer together the better. */
function inOrder(text: string, firsts: string, word: string): number {
  if (firsts.startsWith(word)) return 1;
  let at = -1;
  let begin = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return 0;
    if (begin < 0) begin = at;
  }
  const spread = word.length / (at - begin + 1);
  return spread >= 0.4 ? spread * 0.8 : 0; // scattered letters are in nearly everything
}

/** `VAEDecode (Tiled)` is VAE, Decode, Tiled. */
function words(text: string): string[] {
  const parts = text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g) ?? [];
  return parts.map((part) => part.toLowerCase());
}

function initials(text: string): string {
  return words(text)
    .map((part) => part[0])
    .join("");
}
