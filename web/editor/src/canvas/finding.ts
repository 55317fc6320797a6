import { CONTROL, widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocGroup, DocNode, NodeId, Specs } from "../graph/types";
import { type Place, placesIn, titlesTo } from "../graph/within";
import { groupFlowId } from "./derive";
import { match, titleOf } from "./search";

/** A place of a workflow that was found. */
export interface Hit {
  readonly kind: "node" | "group";
  /** No other hit has it. */
  readonly key: string;
  /** Its id on the canvas. */
  readonly id: string;
  /** The nodes to enter to get there. */
  readonly path: readonly NodeId[];
  /** What these are called. */
  readonly inside: readonly string[];
  readonly title: string;
  /** What was found, if it was not the title: its type, its number, or one of its values. */
  readonly where: string;
}

interface Field {
  readonly text: string;
  readonly weight: number;
  /** What is looked through, if not all of the text. */
  readonly within?: string;
}

/** Found at its level, which may be in several places. */
interface Scored {
  readonly hit: Pick<Hit, "kind" | "id" | "title" | "where">;
  readonly score: number;
  readonly at: readonly [number, number];
}

/** Less than this, and the word's letters are only scattered over the text. */
const WITHIN = 0.5;
const EXCERPT = 72;
const BEFORE = 20;

/**
 * The nodes and groups of a workflow that a query means, in its subgraphs too: first those where one is, `from`, then the
 * best, and of equals the outermost and leftmost. Each of the words has to be in the title, the type, the number (`#12`) or
 * a value. Without words these are the groups, as places to go to.
 */
export function findIn(doc: Doc, specs: Specs, query: string, from: readonly NodeId[] = []): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const known = new Map<string | null, Scored[]>();
  const isHere = ({ path }: Hit) => Number(path.join() === from.join());
  return placesIn(doc)
    .flatMap((place) => {
      const found = known.get(place.subgraph) ?? foundAt(place.doc, specs, words);
      known.set(place.subgraph, found);
      return found.map((each) => ({ ...each, hit: hitAt(doc, place, each) }));
    })
    .sort((a, b) => isHere(b.hit) - isHere(a.hit) || b.score - a.score || a.hit.path.length - b.hit.path.length)
    .map(({ hit }) => hit);
}

function hitAt(doc: Doc, { path }: Place, { hit }: Scored): Hit {
  return { ...hit, key: [...path, hit.id].join(":"), path, inside: titlesTo(doc, path) };
}

/** From left to right. */
function foundAt(level: Doc, specs: Specs, words: readonly string[]): Scored[] {
  const groups = Object.values(level.groups).flatMap((group) => foundGroup(group, words));
  const nodes =
    words.length === 0 ? [] : Object.values(level.nodes).flatMap((node) => foundNode(level, node, specs, words));
  return [...groups, ...nodes].sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]);
}

function foundGroup({ id, title, bounding: [x, y] }: DocGroup, words: readonly string[]): Scored[] {
  const found = look([{ text: title, weight: 1 }], words);
  return found
    ? [{ hit: { kind: "group", id: groupFlowId(id), title, where: "" }, score: found.score, at: [x, y] }]
    : [];
}

function foundNode(doc: Doc, node: DocNode, specs: Specs, words: readonly string[]): Scored[] {
  const spec = specOf(doc, node, specs);
  const title = node.title ?? (spec ? titleOf(spec) : node.type);
  const fields = [
    { text: title, weight: 1 },
    ...(spec ? [{ text: titleOf(spec), weight: 0.9 }] : []),
    { text: node.type, weight: 0.9 },
    { text: `#${node.id}`, weight: 0.9 },
    ...valuesOf(doc, node, specs).map(([name, value]) => ({
      text: name === "" ? value : `${name}: ${value}`,
      within: value,
      weight: 0.5,
    })),
  ];
  const found = look(fields, words);
  if (!found) return [];
  const where = found.field.text === title ? "" : excerpt(found.field.text, found.word);
  return [{ hit: { kind: "node", id: node.id, title, where }, score: found.score, at: node.pos }];
}

/** How well all words are found, and where the last one was that is not in the first field, which is the title. */
function look(
  fields: readonly Field[],
  words: readonly string[],
): { score: number; field: Field; word: string } | null {
  let found = { score: 0, field: fields[0]!, word: "" };
  for (const word of words) {
    let [best, of] = [0, fields[0]!];
    for (const field of fields) {
      const score = scoreOf(field, word);
      if (score > best) [best, of] = [score, field];
    }
    if (best === 0) return null;
    found = { ...found, score: found.score + best, ...(of === fields[0] ? {} : { field: of, word }) };
  }
  return found;
}

/** Values are only looked through: a long text has the letters of anything in order. */
function scoreOf({ text, within, weight }: Field, word: string): number {
  if (within !== undefined) return within.toLowerCase().includes(word) ? weight : 0;
  const score = match(text, word);
  return score >= WITHIN ? score * weight : 0;
}

/** By the names of the widgets; of a node that nobody knows, or that is only drawn, as they stand in the file. */
function valuesOf(doc: Doc, node: DocNode, specs: Specs): [name: string, value: string][] {
  const spec = specOf(doc, node, specs);
  const named: [string, unknown][] = spec
    ? widgetsOf(node, spec).map(({ name, kind, value }) => [kind === "control" ? CONTROL : name, value])
    : Object.values(node.values).map((value) => ["", value]);
  return named.flatMap(([name, value]): [string, string][] =>
    name === CONTROL || value === null || typeof value === "object" ? [] : [[name, String(value)]],
  );
}

/** So much of a text as fits into a line, with the word in it. */
function excerpt(text: string, word: string): string {
  const line = text.replace(/\s+/g, " ");
  const begin = Math.max(0, line.toLowerCase().indexOf(word) + word.length - EXCERPT + BEFORE);
  const shown = line.slice(begin, begin + EXCERPT);
  return `${begin > 0 ? "…" : ""}${shown}${begin + EXCERPT < line.length ? "…" : ""}`;
}
