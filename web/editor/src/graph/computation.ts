import { INPUTS } from "./border";
import { incoming } from "./connect";
import { definitionsOf } from "./definitions";
import { fieldsIn } from "./entries";
import { widgetsOf } from "./inputs";
import { jsonText } from "./json";
import { LINK_FIELDS } from "./read";
import { specOf } from "./subgraphs";
import { ALWAYS, type Doc, type DocNode, type NodeId, type Specs } from "./types";
import { placeAt } from "./within";

/**
 * What a run computes, as text to compare: types, modes, values and wires. Places, titles and colours are not in it, so
 * that one can tell whether an edit makes a difference, and whether undoing has taken it back.
 */

/** Of all that the outputs need. Empty if there is no output. */
export function runKey(doc: Doc, specs: Specs): string {
  const outputs = Object.values(doc.nodes).filter((node) => node.mode === ALWAYS && specs[node.type]?.output_node);
  return outputs.length === 0
    ? ""
    : keyOfAll(
        doc,
        outputs.map((node) => node.id),
        valuesOf,
      );
}

/** Of a node and all that it needs, without the seeds that move on by themselves when a run is queued. */
export function nodeKey(doc: Doc, specs: Specs, id: NodeId): string {
  return keyOfAll(doc, [id], (node) => steadyValues(node, specs));
}

/** Of one input of a node: its value, and what is wired to it. */
function inputKey(doc: Doc, specs: Specs, id: NodeId, input: string): string {
  const node = doc.nodes[id];
  if (!node) return "";
  const spec = specOf(doc, node, specs);
  const value =
    spec && widgetsOf(node, spec).find((widget) => widget.name === input && widget.kind !== "control")?.value;
  const wires = incoming(doc, id)
    .filter((link) => node.inputs[link.toSlot]?.name === input)
    .map(({ from, fromSlot }) => [from, fromSlot, doc.nodes[from]?.type, doc.nodes[from]?.mode]);
  return JSON.stringify([node.type, node.mode, value, wires]);
}

/** The same of a node as the server calls it (`5:2`): what comes from outside of a subgraph is looked for there. */
export function inputKeyAt(doc: Doc, specs: Specs, run: string, input: string): string {
  const path = run.split(":");
  const id = path.pop()!;
  const level = placeAt(doc, path).doc;
  const own = inputKey(level, specs, id, input);
  const border = incoming(level, id).find(
    ({ from, toSlot }) => from === INPUTS && level.nodes[id]?.inputs[toSlot]?.name === input,
  );
  const port = border && level.nodes[INPUTS]?.outputs[border.fromSlot]?.name;
  return port === undefined || path.length === 0 ? own : own + inputKeyAt(doc, specs, path.join(":"), port);
}

function keyOfAll(doc: Doc, targets: readonly NodeId[], valuesOf: (node: DocNode) => unknown): string {
  const seen = new Set(targets);
  const found: unknown[] = [];
  for (const id of seen) {
    const node = doc.nodes[id];
    if (!node) continue;
    const wires = incoming(doc, id).map(({ from, fromSlot, toSlot }) => [toSlot, from, fromSlot]);
    found.push([id, node.type, node.mode, valuesOf(node), wires.sort(([a], [b]) => Number(a) - Number(b))]);
    for (const { from } of incoming(doc, id)) seen.add(from); // the loop visits these too
  }
  return JSON.stringify([found, insideOf(doc)]);
}

function valuesOf(node: DocNode): unknown {
  return [node.values, node.rest["widgets_values_named"]];
}

function steadyValues(node: DocNode, specs: Specs): unknown {
  const { values } = node;
  if (!Array.isArray(values)) return values;
  return (values as unknown[]).filter((_, at) => !movingOf(node, specs).has(at));
}

/** The places of values that a control after them changes. */
function movingOf(node: DocNode, specs: Specs): ReadonlySet<number> {
  if (node.type === "PrimitiveNode") return new Set([0]);
  const spec = specs[node.type];
  const widgets = spec ? widgetsOf(node, spec) : [];
  return new Set(widgets.filter((_, at) => widgets[at + 1]?.kind === "control").map(({ index }) => index));
}

const texts = new WeakMap<object, string>();

/** What subgraphs compute. All of them: which ones a node needs is not worth finding out. */
function insideOf(doc: Doc): string[] {
  return definitionsOf(doc).map((definition) => {
    let text = texts.get(definition);
    if (text === undefined) {
      const nodes = fieldsIn(definition["nodes"]).map(({ id, type, mode, widgets_values, widgets_values_named }) => {
        return [id, type, mode, widgets_values, widgets_values_named];
      });
      const links = fieldsIn(definition["links"]).map((link) => LINK_FIELDS.slice(1, -1).map((key) => link[key]));
      texts.set(definition, (text = jsonText([definition["id"], nodes, links])));
    }
    return text;
  });
}
