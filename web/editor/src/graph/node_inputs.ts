import { incoming } from "./connect";
import { definitionOf } from "./definitions";
import { fieldsIn } from "./entries";
import { inputsOf } from "./inputs";
import type { Fields } from "./same";
import { ALWAYS, type Doc, type NodeId, type Specs } from "./types";

/** A node whose inputs can be named: `id` is its number in the API format, `title` what is read on it. */
interface Named {
  readonly id: string;
  readonly title: string;
  readonly inputs: readonly string[];
}

/**
 * The inputs with a value among what feeds a node, as `TITLE.INPUT`, the nearest nodes first: what a sweep can change.
 * Of nodes with one title each gets its number: `TITLE #3.INPUT`. Muted and bypassed ones have no part in a run.
 */
export function nodeInputs(doc: Doc, id: NodeId, specs: Specs): string[] {
  const nodes = above(doc, id).flatMap((each) => named(doc, each, specs));
  const counts = new Map<string, number>();
  for (const { title } of nodes) counts.set(title, (counts.get(title) ?? 0) + 1);
  return nodes.flatMap(({ id: own, title, inputs }) => {
    const name = counts.get(title) === 1 ? title : `${title} #${own}`;
    return inputs.map((input) => `${name}.${input}`);
  });
}

/** All that feeds a node, nearest first, without itself. */
function above(doc: Doc, id: NodeId): NodeId[] {
  const seen = new Set([id]);
  for (const each of seen) incoming(doc, each).forEach((link) => seen.add(link.from)); // what is added is visited too
  return [...seen].slice(1);
}

function named(doc: Doc, id: NodeId, specs: Specs): Named[] {
  const node = doc.nodes[id];
  if (!node || node.mode !== ALWAYS) return [];
  return [...plain(id, node.type, node.title, specs), ...within(doc, node.type, `${id}:`, specs)];
}

function plain(id: string, type: string, title: string | undefined, specs: Specs): Named[] {
  const spec = specs[type];
  if (!spec) return [];
  const inputs = inputsOf(spec).filter((input) => input.isWidget);
  return inputs.length > 0
    ? [{ id, title: title ?? (spec.display_name || type), inputs: inputs.map(({ name }) => name) }]
    : [];
}

/** The nodes of a subgraph: in the API format their numbers follow that of the node that stands for it. */
function within(doc: Doc, type: string, prefix: string, specs: Specs): Named[] {
  const definition = definitionOf(doc, type);
  return fieldsIn(definition?.["nodes"]).flatMap((inner: Fields) => {
    const [id, innerType, title] = [`${prefix}${String(inner["id"])}`, String(inner["type"]), inner["title"]];
    if ((inner["mode"] ?? ALWAYS) !== ALWAYS || innerType === type) return [];
    return [
      ...plain(id, innerType, typeof title === "string" ? title : undefined, specs),
      ...within(doc, innerType, `${id}:`, specs),
    ];
  });
}
