import { fieldsIn } from "./entries";
import { inputsOf, isControlled, uploadOf } from "./inputs";
import { type Fields, isFields } from "./same";
import type { Doc, InputSpec, NodeSpec, Specs } from "./types";
import { blankSpec, EDITOR_ONLY } from "./virtual";

/**
 * Group nodes, the forerunners of subgraphs. Their definitions lie in `extra.groupNodes`; the server runs them as they
 * are, and here they are nodes with the widgets of those inside.
 */

const PREFIX = /^workflow[>/]/;
const GROUPS = "group nodes";

/** What is inside of nodes of this type; undefined if it is no group of the document. */
export function groupOf(doc: Doc, type: string): Fields | undefined {
  const { extra } = doc.rest;
  const groups = PREFIX.test(type) && isFields(extra) ? extra["groupNodes"] : undefined;
  const name = nameOf(type);
  const group = isFields(groups) && Object.hasOwn(groups, name) ? groups[name] : undefined;
  return isFields(group) ? group : undefined;
}

function nameOf(type: string): string {
  return type.replace(PREFIX, "");
}

const made = new WeakMap<Specs, WeakMap<Fields, NodeSpec>>();

/** A group as a node type. */
export function groupSpec(group: Fields, type: string, specs: Specs): NodeSpec {
  const known = made.get(specs) ?? new WeakMap<Fields, NodeSpec>();
  made.set(specs, known);
  let spec = known.get(group);
  if (!spec) known.set(group, (spec = describe(group, type, specs)));
  return spec;
}

function describe(group: Fields, type: string, specs: Specs): NodeSpec {
  const widgets = widgetsIn(group, specs);
  return {
    ...blankSpec(type, nameOf(type), GROUPS),
    input: { required: Object.fromEntries(widgets), optional: undefined, hidden: undefined },
    input_order: { required: widgets.map(([name]) => name) },
  };
}

/**
 * The widgets of the nodes inside, one after another, without those that wires inside feed. None if it cannot be told
 * which value is whose: a type is not known, or an upload button takes a place among the values.
 */
function widgetsIn(group: Fields, specs: Specs): [string, unknown][] {
  const held: [string, unknown][] = [];
  const names = new Set<string>();
  for (const [index, node] of fieldsIn(group["nodes"]).entries()) {
    const type = String(node["type"]);
    if (EDITOR_ONLY[type]) continue;
    const spec = specs[type];
    if (!spec || inputsOf(spec).some(uploadOf)) return [];
    const fed = fedInside(group, index, node);
    for (const input of inputsOf(spec).filter(({ name, isWidget }) => isWidget && !fed.has(name))) {
      const name = names.has(input.name) ? `${String(node["title"] || type)} ${input.name}` : input.name;
      names.add(name);
      held.push([name, config(input)]);
    }
  }
  return held;
}

function config(input: InputSpec): unknown {
  // It may go by another name here, and whether a control follows its value depends on the name inside.
  return [input.choices ?? input.type, { ...input.options, control_after_generate: isControlled(input) }];
}

/** The inputs of a node inside that wires inside lead to: a link is `[origin, slot, target, slot]`, nodes by index. */
function fedInside(group: Fields, index: number, node: Fields): ReadonlySet<unknown> {
  const links = Array.isArray(group["links"]) ? (group["links"] as unknown[]).filter(Array.isArray) : [];
  const inputs = fieldsIn(node["inputs"]);
  const into = links.filter(([origin, , target]) => origin !== null && target === index);
  return new Set(into.map((link) => inputs[Number(link[3])]?.["name"]));
}
