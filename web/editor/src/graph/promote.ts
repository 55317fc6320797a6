import { INPUTS, isBorder, OUTPUTS } from "./border";
import { inputType, outputType } from "./connect";
import { inputsOf } from "./inputs";
import { connectWidget, disconnect } from "./links";
import { applyAll } from "./ops";
import { addPort, portsOf, removePort, wiresOf } from "./ports";
import type { Doc, DocLink, NodeId, NodeSpec, Op, Specs } from "./types";

/** Widgets inside of a subgraph that are shown outside, and sockets that it gets as wires ask for them. */

/** The wire by which a widget comes from an input of the subgraph; null if it does not. */
export function promotedBy(level: Doc, id: NodeId, widget: string): DocLink | null {
  const slot = level.nodes[id]?.inputs.findIndex((input) => input.widget === widget) ?? -1;
  return (
    Object.values(level.links).find((link) => link.from === INPUTS && link.to === id && link.toSlot === slot) ?? null
  );
}

/** Makes a widget an input of the subgraph. */
export function promote(level: Doc, id: NodeId, widget: string, spec: NodeSpec, newId: string): Op[] {
  const declared = inputsOf(spec).find(({ name }) => name === widget);
  if (!level.nodes[INPUTS] || !level.nodes[id] || !declared || promotedBy(level, id, widget)) return [];
  const slot = portsOf(level, "inputs").length;
  const added = addPort(level, "inputs", { id: newId, name: widget, type: declared.type });
  return [...added, ...connectWidget(applyAll(level, added), INPUTS, slot, id, widget, spec)];
}

/** Takes a widget back in; the input goes too, if nothing else comes from it. */
export function demote(level: Doc, id: NodeId, widget: string): Op[] {
  const link = promotedBy(level, id, widget);
  if (!link) return [];
  const isAlone = wiresOf(level, "inputs", link.fromSlot).length === 1;
  return isAlone ? removePort(level, "inputs", link.fromSlot) : disconnect(level, link.id);
}

/** A wire that leads to where a port would come next. */
interface Joint {
  readonly from: NodeId;
  readonly fromSlot: number;
  readonly to: NodeId;
  readonly into: number | string;
}

/** The port that such a wire asks for, named after what it is wired to; nothing for other wires. */
export function portFor(level: Doc, specs: Specs, { from, fromSlot, to, into }: Joint, newId: string): Op[] {
  const [source, target] = [level.nodes[from], level.nodes[to]];
  if (!source || !target) return [];
  if (from === INPUTS && isBorder(source) && fromSlot === source.outputs.length) {
    const socket = typeof into === "number" ? target.inputs[into] : undefined;
    const type = inputType(level, specs, to, into) ?? "*";
    return addPort(level, "inputs", {
      id: newId,
      name: typeof into === "string" ? into : (socket?.name ?? type),
      type,
    });
  }
  if (to === OUTPUTS && isBorder(target) && into === target.inputs.length) {
    const type = outputType(level, from, fromSlot) ?? "*";
    return addPort(level, "outputs", { id: newId, name: source.outputs[fromSlot]?.name || type, type });
  }
  return [];
}
