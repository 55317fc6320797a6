import { applyAll } from "../graph/ops";
import { definitionsOf, usesOf } from "../graph/definitions";
import { setValue } from "../graph/edits";
import { levelOf } from "../graph/levels";
import { isFed } from "../nodes/linked";
import { primitiveWidgets } from "../nodes/primitive";
import { widgetsOf } from "../graph/inputs";
import type { Doc, DocNode, Op, Specs, Widget } from "../graph/types";
import { clamped, exact, limitsOf, plus } from "./number";

/** What becomes of a seed after a run was queued. */
export const CONTROLS = ["fixed", "increment", "decrement", "randomize"] as const;
export type Control = (typeof CONTROLS)[number];

/** The largest whole number that all JSON readers agree on: many would round a seed beyond it. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * The changes that control-after-generate makes once a run is queued, inside of subgraphs too, so that the next one
 * differs. A value that comes through a wire is left alone: it is not this node's to change.
 */
export function afterQueued(doc: Doc, specs: Specs, random: () => number = Math.random): Op[] {
  const inside = definitionsOf(doc).flatMap((definition): Op[] => {
    const id = String(definition["id"]);
    const level = usesOf(doc, id) > 0 ? levelOf(doc, id) : undefined;
    return level ? afterQueuedIn(level, specs, random).map((op) => ({ ...op, in: id })) : [];
  });
  return [...afterQueuedIn(doc, specs, random), ...inside];
}

function afterQueuedIn(doc: Doc, specs: Specs, random: () => number): Op[] {
  const ops: Op[] = [];
  for (const node of Object.values(doc.nodes)) {
    const widgets = widgetsOfAny(doc, node, specs);
    widgets.forEach((widget, at) => {
      const target = widgets[at - 1];
      if (widget.kind !== "control" || !target || isFed(doc, node.id, target)) return;
      const value = controlled(target, String(widget.value), random);
      // Each change is made on the document after the one before: a node may have several.
      if (value !== target.value) ops.push(...setValue(applyAll(doc, ops), node.id, target.index, value));
    });
  }
  return ops;
}

/** A value for a seed, anywhere within its limits. */
export function randomValue(widget: Widget, random: () => number = Math.random): unknown {
  const { choices } = widget.spec;
  if (choices) return choices[Math.floor(random() * choices.length)] ?? widget.value;
  const kind = widget.kind === "float" ? "float" : "int";
  const limits = limitsOf(kind, widget.spec.options);
  const low = Math.max(Number(limits.min), -LARGEST);
  const high = Math.min(Number(limits.max), LARGEST);
  if (kind === "float") return clamped(low + random() * (high - low), limits);
  return clamped(low + Math.floor(random() * (high - low + 1)), limits);
}

/** The value that follows, as the control says; itself for `fixed` and for what is no control. */
export function controlled(widget: Widget, control: string, random: () => number = Math.random): unknown {
  if (control === "randomize") return randomValue(widget, random);
  const way = control === "increment" ? 1 : control === "decrement" ? -1 : 0;
  if (way === 0) return widget.value;
  const { choices } = widget.spec;
  if (choices) {
    const at = choices.indexOf(widget.value as string | number) + way;
    return choices[Math.min(choices.length - 1, Math.max(0, at))] ?? widget.value;
  }
  const limits = limitsOf(widget.kind === "float" ? "float" : "int", widget.spec.options);
  return clamped(plus(exact(widget.value), way * limits.step), limits);
}

function widgetsOfAny(doc: Doc, node: DocNode, specs: Specs): readonly Widget[] {
  const spec = specs[node.type];
  if (spec) return widgetsOf(node, spec);
  return node.type === "PrimitiveNode" ? primitiveWidgets(doc, node, specs) : [];
}
