import type { Difference, NodeName } from "../api/comparing";
import type { Specs } from "../graph/types";
import { linkSentence, nameOf, nodeSentence, type Sentence, valueSentence } from "./sentences";
import { t } from "./strings";

/** A difference node by node: what is told of each, and what the canvas marks. */

export type Kind = "added" | "removed" | "changed";
/** An instance of a subgraph is marked for what is different inside of it. */
export type Mark = Kind | "inside";

export interface Group {
  readonly kind: Kind;
  readonly node: NodeName;
  readonly name: string;
  readonly sentences: readonly Sentence[];
}

/** Removed nodes, added ones, then those that both have. What is inside of an instance that came or went is only counted. */
export function groupsOf({ only_a, only_b, nodes, values, links }: Difference, specs: Specs): Group[] {
  const told = new Map<string, { node: NodeName; sentences: Sentence[] }>();
  const tell = (node: NodeName, sentence: Sentence) => {
    const key = `${node.a} ${node.b}`;
    const known = told.get(key) ?? { node, sentences: [] };
    known.sentences.push(sentence);
    told.set(key, known);
  };
  nodes.forEach((each) => tell(each.node, nodeSentence(each)));
  values.forEach((each) => tell(each.node, valueSentence(each)));
  links.forEach((each) => tell(each.node, linkSentence(each, specs)));
  return [
    ...wholes(only_a, "removed", "a", specs),
    ...wholes(only_b, "added", "b", specs),
    ...[...told.values()].map((each) => ({ kind: "changed" as const, name: nameOf(each.node, specs), ...each })),
  ];
}

export function countsOf(groups: readonly Group[]): Readonly<Record<Kind, number>> {
  const count = (kind: Kind) => groups.filter((group) => group.kind === kind).length;
  return { added: count("added"), removed: count("removed"), changed: count("changed") };
}

/** What the workflow `b` shows of the difference, by the ids of its nodes. */
export function marksOf({ only_b, nodes, values, links }: Difference): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>();
  const ids = (names: readonly NodeName[]) => names.flatMap(({ b }) => b ?? []);
  const changed = ids([...nodes, ...values, ...links].map(({ node }) => node));
  for (const id of [...changed, ...ids(only_b)]) around(id).forEach((each) => marks.set(each, "inside"));
  changed.forEach((id) => marks.set(id, "changed"));
  ids(only_b).forEach((id) => marks.set(id, "added"));
  return marks;
}

/** The instances of subgraphs that a node is in: of `5:2:1` these are `5` and `5:2`. */
function around(id: string): string[] {
  const parts = id.split(":");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join(":"));
}

function wholes(names: readonly NodeName[], kind: "added" | "removed", side: "a" | "b", specs: Specs): Group[] {
  const ids = new Set(names.map((node) => node[side]!));
  const outermost = names.filter((node) => !around(node[side]!).some((id) => ids.has(id)));
  return outermost.map((node) => {
    const inside = names.filter((each) => each[side]!.startsWith(`${node[side]}:`)).length;
    const sentences = inside > 0 ? [{ parts: [{ text: t.withInside(inside) }] }] : [];
    return { kind, node, name: nameOf(node, specs), sentences };
  });
}
