import { INPUTS_TYPE, OUTPUTS_TYPE } from "./border";
import { definitionOf } from "./definitions";
import { fieldsIn } from "./entries";
import { groupOf, groupSpec } from "./group_nodes";
import { type Fields, isFields } from "./same";
import { graph as t } from "./strings";
import { blankSpec, EDITOR_ONLY } from "./virtual";
import type { Doc, DocNode, NodeSpec, Specs } from "./types";

/** The category of the node types that subgraphs are. */
export const SUBGRAPHS = "subgraphs";

const BORDERS: Specs = {
  [INPUTS_TYPE]: blankSpec(INPUTS_TYPE, t.inputs, SUBGRAPHS),
  [OUTPUTS_TYPE]: blankSpec(OUTPUTS_TYPE, t.outputs, SUBGRAPHS),
};

/** What a node is: a type of the server, one that only editors know, or a subgraph or a group of the document. */
export function specOf(doc: Doc, node: DocNode, specs: Specs): NodeSpec | undefined {
  const known = specs[node.type] ?? EDITOR_ONLY[node.type] ?? BORDERS[node.type];
  if (known) return known;
  const definition = definitionOf(doc, node.type);
  if (definition) return subgraphSpec(doc, definition, node, specs);
  const group = groupOf(doc, node.type);
  return group && groupSpec(group, node.type, specs);
}

const made = new WeakMap<object, Map<string, NodeSpec>>();

/** A subgraph as a node type. The widgets that this instance shows are read where its values tell which they are. */
function subgraphSpec(doc: Doc, definition: Fields, node: DocNode, specs: Specs): NodeSpec {
  const shown = shownOf(definition, node).flatMap(({ owner, name }) => (owner === "" ? [name] : []));
  const all = doc.rest["definitions"] as Fields; // an input may lead on, into another subgraph
  const key = JSON.stringify([definition["id"], shown, Object.keys(specs).length]);
  const known = made.get(all) ?? new Map<string, NodeSpec>();
  made.set(all, known);
  let spec = known.get(key);
  if (!spec) known.set(key, (spec = describe(doc, definition, shown, specs)));
  return spec;
}

function describe(doc: Doc, definition: Fields, shown: readonly string[], specs: Specs): NodeSpec {
  const [inputs, outputs] = [fieldsIn(definition["inputs"]), fieldsIn(definition["outputs"])];
  const names = inputs.map((input) => String(input["name"]));
  const required = Object.fromEntries(
    inputs.map((input, slot) => {
      const config = innerConfig(doc, definition, slot, specs) ?? [String(input["type"] ?? "*"), {}];
      const options = isFields(config[1]) ? config[1] : {};
      const isShown = shown.includes(String(input["name"]));
      return [String(input["name"]), [config[0], { ...options, control_after_generate: false, forceInput: !isShown }]];
    }),
  );
  // Values stand in the order in which the widgets are shown.
  const order = [...shown.filter((name) => names.includes(name)), ...names.filter((name) => !shown.includes(name))];
  return {
    ...blankSpec(String(definition["id"]), String(definition["name"] || "Subgraph"), SUBGRAPHS),
    description: typeof definition["description"] === "string" ? definition["description"] : "",
    input: { required, optional: undefined, hidden: undefined },
    input_order: { required: order },
    output: outputs.map((output) => String(output["type"] ?? "*")),
    output_name: outputs.map((output) => String(output["name"])),
    output_is_list: outputs.map(() => false),
  };
}

/** A widget that a node shows of its subgraph: of a node inside (`owner`), or of an input of the whole (no owner). */
export interface Shown {
  readonly owner: string;
  readonly name: string;
}

/** The widgets of a node that stands for a subgraph, in the order of its values, out of the ways in which files tell it. */
export function shownOf(definition: Fields, node: DocNode): readonly Shown[] {
  const inputs = fieldsIn(definition["inputs"]).map((input) => String(input["name"]));
  const marked = new Set(node.inputs.filter((input) => input.widget !== undefined).map((input) => input.name));
  const own = (names: readonly string[]): Shown[] => names.map((name) => ({ owner: "", name }));
  const lists = [
    proxiesOf(node),
    fieldsIn(definition["widgets"]).map(({ id, name }) => ({ owner: String(id), name: String(name) })),
    own(inputs.filter((_, slot) => innerSockets(definition, slot).some(({ input }) => input["widget"]))),
    own(inputs.filter((name) => marked.has(name))),
  ];
  const count = Array.isArray(node.values) ? node.values.length : 0;
  const isKnown = ({ owner, name }: Shown) => owner !== "" || inputs.includes(name);
  return lists.find((list) => list.length === count && list.every(isKnown)) ?? [];
}

/** What older files say of it. `-1` is the node itself. */
export function proxiesOf(node: DocNode): readonly Shown[] {
  const told = node.properties["proxyWidgets"];
  const pairs = Array.isArray(told) ? told.filter((each): each is unknown[] => Array.isArray(each)) : [];
  return pairs.map(([owner, name]) => ({ owner: String(owner) === "-1" ? "" : String(owner), name: String(name) }));
}

/** The sockets inside that an input of a subgraph leads to. */
export function innerSockets(definition: Fields, slot: number): { node: Fields; input: Fields }[] {
  const links = fieldsIn(definition["links"]).filter(
    (link) => String(link["origin_id"]) === "-10" && link["origin_slot"] === slot,
  );
  const ids = new Set(links.map((link) => String(link["id"])));
  return fieldsIn(definition["nodes"]).flatMap((node) =>
    fieldsIn(node["inputs"]).flatMap((input) => (ids.has(String(input["link"])) ? [{ node, input }] : [])),
  );
}

/** What the node type inside says of the input, at whatever depth, so that limits and choices are shown outside too. */
function innerConfig(doc: Doc, definition: Fields, slot: number, specs: Specs): readonly unknown[] | undefined {
  const open: (readonly [Fields, number])[] = [[definition, slot]];
  const seen = new Set<string>();
  for (const [outer, at] of open) {
    for (const { node, input } of innerSockets(outer, at)) {
      const [type, name] = [String(node["type"]), String(input["name"])];
      const config = specs[type]?.input.required?.[name] ?? specs[type]?.input.optional?.[name];
      if (Array.isArray(config)) return config as unknown[];
      const inner = definitionOf(doc, type);
      const port = fieldsIn(inner?.["inputs"]).findIndex((each) => each["name"] === name);
      if (inner && port >= 0 && !seen.has(`${type}:${port}`)) open.push([inner, port]); // the loop visits it too
      seen.add(`${type}:${port}`);
    }
  }
  return undefined;
}
