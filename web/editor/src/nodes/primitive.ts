import { inputsOf } from "../graph/inputs";
import type { Doc, DocNode, InputSpec, Specs, Widget } from "../graph/types";

/** The widgets of a primitive node: a value that takes the form of the input it feeds, and its control. */
export function primitiveWidgets(doc: Doc, node: DocNode, specs: Specs): Widget[] {
  const values = Array.isArray(node.values) ? (node.values as readonly unknown[]) : [];
  if (values.length === 0) return [];
  const spec = fedBy(doc, node, specs) ?? guessed(values[0]);
  const widgets: Widget[] = [widget("value", 0, kindOf(spec), spec, values[0])];
  if (typeof values[1] === "string") widgets.push(widget("control_after_generate", 1, "control", spec, values[1]));
  return widgets;
}

function widget(name: string, index: number, kind: Widget["kind"], spec: InputSpec, value: unknown): Widget {
  return { name, index, kind, spec, value, linked: false };
}

/** The input that the primitive's first wire leads to. */
function fedBy(doc: Doc, node: DocNode, specs: Specs): InputSpec | undefined {
  const link = Object.values(doc.links).find((each) => each.from === node.id);
  const target = link && doc.nodes[link.to];
  const spec = target && specs[target.type];
  const name = target?.inputs[link!.toSlot]?.name;
  return spec && inputsOf(spec).find((input) => input.name === name);
}

/** Without a wire the value itself tells what it is. */
function guessed(value: unknown): InputSpec {
  const type = { number: "FLOAT", bigint: "INT", boolean: "BOOLEAN" }[typeof value as string] ?? "STRING";
  return { name: "value", type, optional: false, options: {}, isWidget: true };
}

function kindOf(spec: InputSpec): Widget["kind"] {
  if (spec.choices) return "combo";
  const first = spec.type.split(",")[0];
  if (first === "INT") return "int";
  if (first === "FLOAT") return "float";
  if (first === "BOOLEAN") return "toggle";
  return spec.options["multiline"] === true ? "multiline" : "text";
}
