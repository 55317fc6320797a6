import { linkedInputs } from "../graph/connect";
import { fieldsIn } from "../graph/entries";
import { widgetsOf } from "../graph/inputs";
import { definitionsOf, specOf } from "../graph/subgraphs";
import type { Doc, DocNode, NodeId, Specs, Widget } from "../graph/types";
import { EDITOR_ONLY } from "../graph/virtual";
import { ELSEWHERE } from "../widgets/upload";

/** What a workflow needs and the server does not have. */
export interface Missing {
  readonly types: readonly MissingType[];
  readonly values: readonly MissingValue[];
}

export interface MissingType {
  readonly type: string;
  /** Those that can be shown: none if they are within subgraphs. */
  readonly nodes: readonly NodeId[];
  readonly count: number;
}

/** A value that is none of its input's choices: mostly a model file. */
export interface MissingValue {
  readonly node: NodeId;
  readonly title: string;
  readonly input: string;
  readonly value: string;
}

export function missingIn(doc: Doc, specs: Specs): Missing {
  const subgraphs = definitionsOf(doc);
  const ids = subgraphs.map((graph) => String(graph["id"]));
  const known = new Set([...Object.keys(specs), ...Object.keys(EDITOR_ONLY), ...ids]);
  const nodes = doc.order.flatMap((id) => doc.nodes[id] ?? []);
  const inner = subgraphs.flatMap((graph) => fieldsIn(graph["nodes"]));
  const unknown = [...nodes.map((node) => node.type), ...inner.map((node) => String(node["type"]))].filter(
    (type) => !known.has(type),
  );
  return {
    types: [...new Set(unknown)].map((type) => ({
      type,
      nodes: nodes.filter((node) => node.type === type).map((node) => node.id),
      count: unknown.filter((other) => other === type).length,
    })),
    values: nodes.flatMap((node) => valuesMissing(doc, node, specs)),
  };
}

export function isMissing({ types, values }: Missing): boolean {
  return types.length + values.length > 0;
}

function valuesMissing(doc: Doc, node: DocNode, specs: Specs): MissingValue[] {
  const spec = specOf(doc, node, specs);
  if (!spec) return [];
  const title = node.title ?? spec.display_name;
  return widgetsOf(node, spec, linkedInputs(doc, node.id))
    .filter(hasForeignValue)
    .map(({ name, value }) => ({ node: node.id, title, input: name, value: String(value) }));
}

function hasForeignValue({ linked, value, spec: { choices } }: Widget): boolean {
  if (linked || !choices || (typeof value !== "string" && typeof value !== "number") || value === "") return false;
  return !choices.includes(value) && !ELSEWHERE.test(String(value));
}
