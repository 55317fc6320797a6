import { fieldsIn } from "./entries";
import { type Fields, isFields } from "./same";
import { blankSpec, EDITOR_ONLY } from "./virtual";
import type { Doc, DocNode, NodeSpec, Specs } from "./types";

/** The category of the node types that subgraphs are. */
export const SUBGRAPHS = "subgraphs";

/** The subgraphs that nodes of a document can stand for, as they are in the file. */
export function definitionsOf(doc: Doc): Fields[] {
  const { definitions } = doc.rest;
  return isFields(definitions) ? fieldsIn(definitions["subgraphs"]) : [];
}

/** The subgraphs that some nodes stand for, with those inside them. */
export function definitionsUsed(all: readonly Fields[], nodes: readonly Fields[]): Fields[] {
  const used = new Set<Fields>();
  const visit = (inner: readonly Fields[]): void => {
    for (const node of inner) {
      const definition = all.find((each) => each["id"] === node["type"]);
      if (!definition || used.has(definition)) continue;
      used.add(definition);
      visit(fieldsIn(definition["nodes"]));
    }
  };
  visit(nodes);
  return all.filter((each) => used.has(each));
}

/** What a node is, of whatever kind: a type of the server, one that only editors know, or a subgraph of the document. */
export function specOf(doc: Doc, node: DocNode, specs: Specs): NodeSpec | undefined {
  const known = specs[node.type] ?? EDITOR_ONLY[node.type];
  if (known) return known;
  const definition = definitionsOf(doc).find((each) => each["id"] === node.type);
  return definition && subgraphSpec(definition, node, specs);
}

const made = new WeakMap<Fields, Map<string, NodeSpec>>();

/** A subgraph as a node type. The widgets that this instance shows are read where its values tell which they are. */
function subgraphSpec(definition: Fields, node: DocNode, specs: Specs): NodeSpec {
  const shown = shownWidgets(definition, node);
  const key = JSON.stringify([shown, Object.keys(specs).length]);
  const known = made.get(definition) ?? new Map<string, NodeSpec>();
  made.set(definition, known);
  let spec = known.get(key);
  if (!spec) known.set(key, (spec = describe(definition, shown, specs)));
  return spec;
}

function describe(definition: Fields, shown: readonly string[], specs: Specs): NodeSpec {
  const [inputs, outputs] = [fieldsIn(definition["inputs"]), fieldsIn(definition["outputs"])];
  const names = inputs.map((input) => String(input["name"]));
  const required = Object.fromEntries(
    inputs.map((input, slot) => {
      const config = innerConfig(definition, slot, specs) ?? [String(input["type"] ?? "*"), {}];
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

/** The names of an instance's widgets in the order of its values, out of the ways in which files tell it. */
function shownWidgets(definition: Fields, node: DocNode): string[] {
  const inputs = fieldsIn(definition["inputs"]).map((input) => String(input["name"]));
  const marked = new Set(node.inputs.filter((input) => input.widget !== undefined).map((input) => input.name));
  const lists = [
    proxies(node),
    inputs.filter((_, slot) => innerSockets(definition, slot).some(({ input }) => input["widget"])),
    inputs.filter((name) => marked.has(name)),
  ];
  const count = Array.isArray(node.values) ? node.values.length : 0;
  return lists.find((names) => names.length === count && names.every((name) => inputs.includes(name))) ?? [];
}

function proxies(node: DocNode): string[] {
  const told = node.properties["proxyWidgets"];
  const own = Array.isArray(told) ? told.filter((each) => Array.isArray(each) && String(each[0]) === "-1") : [];
  return own.map((each) => String((each as unknown[])[1]));
}

/** The sockets inside that an input of a subgraph leads to. */
function innerSockets(definition: Fields, slot: number): { node: Fields; input: Fields }[] {
  const links = fieldsIn(definition["links"]).filter(
    (link) => String(link["origin_id"]) === "-10" && link["origin_slot"] === slot,
  );
  const ids = new Set(links.map((link) => String(link["id"])));
  return fieldsIn(definition["nodes"]).flatMap((node) =>
    fieldsIn(node["inputs"]).flatMap((input) => (ids.has(String(input["link"])) ? [{ node, input }] : [])),
  );
}

/** What the node type inside says of the input, so that limits and choices are shown outside too. */
function innerConfig(definition: Fields, slot: number, specs: Specs): readonly unknown[] | undefined {
  for (const { node, input } of innerSockets(definition, slot)) {
    const spec = specs[String(node["type"])];
    const name = String(input["name"]);
    const config = spec?.input.required?.[name] ?? spec?.input.optional?.[name];
    if (Array.isArray(config)) return config as unknown[];
  }
  return undefined;
}
