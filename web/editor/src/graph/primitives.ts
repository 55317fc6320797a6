import { outgoing } from "./connect";
import { inputsOf, widgetsOf } from "./inputs";
import { setNode } from "./nodes";
import type { Doc, DocNode, NodeId, NodeSpec, Op, Widget } from "./types";
import { PRIMITIVE } from "./virtual";

/**
 * What makes a primitive without wires the kind of the widget that it is about to feed: its output gets the type, and it
 * begins with the value that the widget has. Nothing if it feeds something already.
 */
export function adopt(doc: Doc, id: NodeId, to: NodeId, name: string, spec: NodeSpec | undefined): Op[] {
  const [primitive, target] = [doc.nodes[id], doc.nodes[to]];
  if (primitive?.type !== PRIMITIVE || !target || !spec || outgoing(doc, id).length > 0) return [];
  const declared = inputsOf(spec).find((input) => input.name === name);
  const widget = widgetsOf(target, spec).find((each) => each.name === name && each.kind !== "control");
  if (!declared || !widget) return [];
  const { type } = declared;
  const outputs = primitive.outputs.map((output, slot) =>
    slot === 0 ? { ...output, name: type, type, rest: { ...output.rest, widget: { name } } } : output,
  );
  return setNode(doc, id, { outputs, values: isOfKind(primitive, type) ? primitive.values : valuesFor(widget) });
}

/** One that was unplugged and is plugged in again keeps its value; choices depend on the widget. */
function isOfKind(primitive: DocNode, type: string): boolean {
  const hasValue = Array.isArray(primitive.values) && primitive.values.length > 0;
  return hasValue && type !== "COMBO" && primitive.outputs[0]?.type === type;
}

/** As editors write it: the value, what becomes of it after a run, and for choices a filter. */
function valuesFor({ kind, value }: Widget): unknown[] {
  if (kind === "int" || kind === "float") return [value, "fixed"];
  return kind === "combo" || kind === "image" ? [value, "fixed", ""] : [value];
}
