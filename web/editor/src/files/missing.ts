import { linkedInputs } from "../graph/connect";
import { fieldsIn, readNode } from "../graph/entries";
import { groupOf } from "../graph/group_nodes";
import { widgetsOf } from "../graph/inputs";
import type { Fields } from "../graph/same";
import { definitionsOf, definitionsUsed } from "../graph/definitions";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocNode, NodeId, Specs, Widget } from "../graph/types";
import { EDITOR_ONLY } from "../graph/virtual";
import { ELSEWHERE } from "../widgets/upload";
import { folderOf } from "./folders";
import { type Told, toldModels } from "./told";

/** What a workflow needs and the server does not have. */
export interface Missing {
  readonly types: readonly MissingType[];
  readonly values: readonly MissingValue[];
}

export const NOTHING_MISSING: Missing = { types: [], values: [] };

export interface MissingType {
  readonly type: string;
  /** Those that can be shown; of nodes within subgraphs, the nodes that stand for these. */
  readonly nodes: readonly NodeId[];
  readonly count: number;
}

/** A value that is none of its input's choices: mostly a model file. */
export interface MissingValue {
  readonly nodes: readonly NodeId[];
  readonly title: string;
  readonly input: string;
  readonly value: string;
  /** Where the file would have to be: `models/checkpoints`. */
  readonly folder?: string;
  /** Where the workflow says that it can be had. */
  readonly url?: string;
}

/** A node, and what is on the canvas for it. */
interface Placed {
  readonly node: DocNode;
  readonly shown: readonly NodeId[];
  /** The name of the subgraph that it is in. */
  readonly inside?: string;
  readonly linked: ReadonlySet<number>;
}

export function missingIn(doc: Doc, specs: Specs): Missing {
  const ids = definitionsOf(doc).map((graph) => String(graph["id"]));
  const known = new Set([...Object.keys(specs), ...Object.keys(EDITOR_ONLY), ...ids]);
  const placed = [...onCanvas(doc), ...inSubgraphs(doc)];
  const all = [...placed, ...inGroups(doc, placed)];
  const unknown = all.filter(({ node }) => !known.has(node.type) && !groupOf(doc, node.type));
  const told = toldModels(doc);
  return {
    types: [...new Set(unknown.map(({ node }) => node.type))].map((type) => {
      const those = unknown.filter(({ node }) => node.type === type);
      return { type, nodes: [...new Set(those.flatMap(({ shown }) => shown))], count: those.length };
    }),
    values: placed.flatMap((each) => valuesMissing(doc, each, specs, told)),
  };
}

export function isMissing({ types, values }: Missing): boolean {
  return types.length + values.length > 0;
}

function onCanvas(doc: Doc): Placed[] {
  const nodes = doc.order.flatMap((id) => doc.nodes[id] ?? []);
  return nodes.map((node) => ({ node, shown: [node.id], linked: linkedInputs(doc, node.id) }));
}

function inSubgraphs(doc: Doc): Placed[] {
  return definitionsOf(doc).flatMap((graph) => {
    const shown = doc.order.filter((id) => standsFor(doc, String(doc.nodes[id]?.type), graph));
    const inside = typeof graph["name"] === "string" ? graph["name"] : "";
    return fieldsIn(graph["nodes"]).map((raw) => {
      const node = readNode(raw);
      // Wires from the subgraph's own inputs are in no list of a document.
      const linked = node.inputs.flatMap(({ rest }, slot) => (rest["link"] == null ? [] : [slot]));
      return { node, shown, inside, linked: new Set(linked) };
    });
  });
}

/** What they hold for their widgets is with the nodes that stand for the groups. */
function inGroups(doc: Doc, placed: readonly Placed[]): Placed[] {
  return placed.flatMap((each) =>
    fieldsIn(groupOf(doc, each.node.type)?.["nodes"]).map((raw) => ({ ...each, node: readNode(raw) })),
  );
}

/** Whether a node of this type stands for the subgraph, or for one that has it inside. */
function standsFor(doc: Doc, type: string, graph: Fields): boolean {
  const all = definitionsOf(doc);
  return definitionsUsed(all, [{ type }]).includes(graph);
}

function valuesMissing(doc: Doc, { node, shown, inside, linked }: Placed, specs: Specs, told: readonly Told[]) {
  const spec = specOf(doc, node, specs);
  if (!spec) return [];
  const own = node.title ?? spec.display_name;
  return widgetsOf(node, spec, linked)
    .filter(hasForeignValue)
    .map(({ name, value, spec: { options } }): MissingValue => {
      const said = told.find((model) => model.name === value);
      const folder = said?.folder ?? folderOf(node.type, name, options);
      return {
        nodes: shown,
        title: inside ? `${inside} › ${own}` : own,
        input: name,
        value: String(value),
        ...(folder ? { folder } : {}),
        ...(said?.url ? { url: said.url } : {}),
      };
    });
}

function hasForeignValue({ linked, value, spec: { choices } }: Widget): boolean {
  if (linked || !choices || (typeof value !== "string" && typeof value !== "number") || value === "") return false;
  return !choices.includes(value) && !ELSEWHERE.test(String(value));
}
