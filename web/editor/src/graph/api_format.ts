import { columns } from "./columns";
import { writtenId } from "./entries";
import { CONTROL, initialValues, valueNames } from "./inputs";
import { isUi, loadDoc, NotAWorkflow } from "./read";
import { newNode } from "./nodes";
import { type Fields, isFields } from "./same";
import { blankSpec } from "./virtual";
import type { Doc, NodeSpec, Specs } from "./types";

/** Whether JSON is a workflow in API format: all its values are nodes with a class and inputs. */
export function isApi(json: unknown): boolean {
  if (!isFields(json)) return false;
  const nodes = Object.values(json);
  return nodes.length > 0 && nodes.every(isApiNode);
}

function isApiNode(node: unknown): node is ApiNode {
  return isFields(node) && typeof node["class_type"] === "string" && isFields(node["inputs"]);
}

interface ApiNode {
  readonly class_type: string;
  readonly inputs: Fields;
  readonly _meta?: Fields;
}

/** Whether JSON is meant as a workflow in API format, be it whole or not: `docFromApi` then says what is wrong with it. */
export function looksLikeApi(json: unknown): boolean {
  return isFields(json) && !isUi(json) && Object.values(json).some((node) => isFields(node) && "class_type" in node);
}

/** Names the first node that is none. */
function refuse(json: unknown): never {
  const nodes = isFields(json) ? Object.entries(json) : [];
  const [id, node] = nodes.find(([, each]) => !isApiNode(each)) ?? [];
  if (id === undefined) throw new NotAWorkflow("This JSON is not a workflow in API format.");
  if (!isFields(node)) throw new NotAWorkflow(`Node ${id} is not an object.`);
  throw new NotAWorkflow(`Node ${id} has no ${typeof node["class_type"] === "string" ? "inputs" : "class_type"}.`);
}

/**
 * A workflow in API format as a document, laid out in columns. Nodes whose type isn't known keep what they hold by name.
 * Throws `NotAWorkflow`.
 */
export function docFromApi(json: unknown, specs: Specs): Doc {
  if (!isApi(json)) refuse(json);
  const given = json as Record<string, ApiNode>;
  const nodes = new Map(
    Object.entries(given).map(([id, node], order) => [id, rawNode(id, order, node, specs[node.class_type])]),
  );
  const links = wire(given, nodes);
  layOut(given, nodes);
  const numbers = [...nodes.values()].map((node) => Number(node["id"])).filter(Number.isSafeInteger);
  return loadDoc({
    revision: 0,
    last_node_id: Math.max(0, ...numbers),
    last_link_id: links.length,
    nodes: [...nodes.values()],
    links,
    groups: [],
    config: {},
    extra: {},
    version: 0.4,
  });
}

function rawNode(id: string, order: number, node: ApiNode, spec: NodeSpec | undefined): Fields {
  const constants = Object.fromEntries(
    Object.entries(node.inputs).flatMap(([name, value]) => (isLink(value) ? [] : [[name, unwrapped(value)]])),
  );
  const title = node._meta?.["title"];
  const shown = typeof title === "string" && title !== (spec?.display_name ?? node.class_type) ? { title } : {};
  const fresh = { id: writtenId(id), order, pos: [0, 0] as const };
  if (!spec)
    return {
      ...newNode(blankSpec(node.class_type, node.class_type, ""), { ...fresh, values: [] }),
      ...shown,
      widgets_values: constants,
    };
  const names = valueNames(spec);
  const first = initialValues(spec);
  // A file that names a seed means that seed: it is not changed after the first run.
  const values = names.map((name, at) => constants[name] ?? (name === CONTROL ? "fixed" : first[at]));
  const others = Object.keys(constants).some((name) => !names.includes(name));
  return { ...newNode(spec, { ...fresh, values }), ...shown, ...(others ? { widgets_values_named: constants } : {}) };
}

/** Writes the links into the sockets of both ends; sockets that no type declares are made. */
function wire(given: Record<string, ApiNode>, nodes: ReadonlyMap<string, Fields>): unknown[] {
  const links: unknown[] = [];
  for (const [id, { inputs }] of Object.entries(given)) {
    for (const [name, value] of Object.entries(inputs)) {
      const source = isLink(value) ? nodes.get(String(value[0])) : undefined;
      if (!isLink(value) || !source) continue;
      const link = links.length + 1;
      const [target, fromSlot] = [nodes.get(id)!, value[1]];
      const output = outputAt(source, fromSlot);
      const slot = inputCalled(target, name);
      (target["inputs"] as Fields[])[slot]!["link"] = link;
      output["links"] = [...((output["links"] as number[] | null) ?? []), link];
      links.push([link, source["id"], fromSlot, target["id"], slot, output["type"]]);
    }
  }
  return links;
}

function outputAt(node: Fields, slot: number): Fields {
  const outputs = node["outputs"] as Fields[];
  while (outputs.length <= slot) outputs.push({ name: "*", type: "*", links: null });
  return outputs[slot]!;
}

function inputCalled(node: Fields, name: string): number {
  const inputs = node["inputs"] as Fields[];
  const at = inputs.findIndex((input) => input["name"] === name);
  return at >= 0 ? at : inputs.push({ name, type: "*", link: null }) - 1;
}

function layOut(given: Record<string, ApiNode>, nodes: ReadonlyMap<string, Fields>): void {
  const sizes = new Map([...nodes].map(([id, node]) => [id, node["size"] as [number, number]]));
  const sources = new Map(
    Object.entries(given).map(([id, { inputs }]) => [
      id,
      Object.values(inputs)
        .filter(isLink)
        .map((link) => String(link[0])),
    ]),
  );
  for (const [id, pos] of columns(sizes, sources)) nodes.get(id)!["pos"] = pos;
}

const MOST_OUTPUTS = 1000;

function isLink(value: unknown): value is [string | number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [source, slot] = value as unknown[];
  const named = typeof source === "string" || typeof source === "number";
  return named && Number.isInteger(slot) && (slot as number) >= 0 && (slot as number) < MOST_OUTPUTS;
}

/** Arrays stand in the API format as `{"__value__": [...]}`. */
function unwrapped(value: unknown): unknown {
  const alone = isFields(value) && Object.keys(value).length === 1 && Array.isArray(value["__value__"]);
  return alone ? value["__value__"] : value;
}
