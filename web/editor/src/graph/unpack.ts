import { INPUTS, isBorder, OUTPUTS } from "./border";
import { copied, paste } from "./clipboard";
import { incoming, outgoing } from "./connect";
import { define, definitionOf } from "./definitions";
import { exposedOf, exposeInput } from "./exposed";
import { levelOf } from "./levels";
import { connect } from "./links";
import { removeNodes, setNode } from "./nodes";
import { widgetsOf } from "./inputs";
import { applyAll } from "./ops";
import { portsOf, wiresOf } from "./ports";
import { privateOf, togglePrivate } from "./private";
import { type Shown, shownOf, specOf } from "./subgraphs";
import { ALWAYS, type Doc, type DocLink, type NodeId, type Op, type Specs } from "./types";
import { setValue } from "./values";

/** A node that stands for a subgraph, taken apart again, or made to stand for one of its own. */

interface End {
  readonly node: NodeId;
  readonly slot: number;
}

/** Puts what is in a node's subgraph in the node's place, with the values that the node has for it. */
export function unpack(doc: Doc, id: NodeId, specs: Specs): { ops: Op[]; ids: NodeId[] } | null {
  const node = doc.nodes[id];
  const level = node && levelOf(doc, node.type);
  if (!node || !level) return null;
  const inner = level.order.filter((each) => !isBorder(level.nodes[each]!));
  const { ops, ids } = paste(doc, copied(level, inner, Object.keys(level.groups).map(Number)), node.pos);
  const now = new Map(inner.map((each, at) => [each, ids[at]!]));
  const steps: ((at: Doc) => readonly Op[])[] = [
    ...(node.mode === ALWAYS ? [] : ids.map((each) => (at: Doc) => setNode(at, each, { mode: node.mode }))),
    ...given(doc, id, level, now, specs),
    ...marked(doc, id, level, now),
    (at) => removeNodes(at, [id]),
    ...joints(doc, id, level, now).map(
      ([from, to]) =>
        (at: Doc) =>
          connect(at, from.node, from.slot, to.node, to.slot),
    ),
  ];
  const all = [...ops];
  let at = applyAll(doc, ops);
  for (const step of steps) {
    const more = step(at);
    at = applyAll(at, more);
    all.push(...more);
  }
  return { ops: all, ids };
}

/** The wires across the border, from what feeds the node to what is inside, and on to what it feeds. */
function joints(doc: Doc, id: NodeId, level: Doc, now: ReadonlyMap<NodeId, NodeId>): [End, End][] {
  const node = doc.nodes[id]!;
  const outside = (slot: number): End | null => {
    const socket = node.inputs.findIndex(({ name }) => name === portsOf(level, "inputs")[slot]?.name);
    const link = incoming(doc, id).find(({ toSlot }) => toSlot === socket);
    return link ? { node: link.from, slot: link.fromSlot } : null;
  };
  const source = ({ from, fromSlot }: DocLink): End | null =>
    from === INPUTS ? outside(fromSlot) : { node: now.get(from)!, slot: fromSlot };
  const into = portsOf(level, "inputs").flatMap((_, slot) => wiresOf(level, "inputs", slot));
  const pairs = into
    .filter(({ to }) => to !== OUTPUTS)
    .map((link) => [source(link), { node: now.get(link.to)!, slot: link.toSlot }] as const);
  for (const link of outgoing(doc, id)) {
    const name = node.outputs[link.fromSlot]?.name;
    const slot = portsOf(level, "outputs").findIndex((port) => port.name === name);
    const inner = wiresOf(level, "outputs", slot < 0 ? link.fromSlot : slot)[0];
    pairs.push([inner ? source(inner) : null, { node: link.to, slot: link.toSlot }]);
  }
  return pairs.flatMap(([from, to]): [End, End][] => (from ? [[from, to]] : []));
}

/** What sets the widgets inside to the values that the node has for them. */
function given(
  doc: Doc,
  id: NodeId,
  level: Doc,
  now: ReadonlyMap<NodeId, NodeId>,
  specs: Specs,
): ((at: Doc) => readonly Op[])[] {
  return valuesOf(doc, id).flatMap(([owner, name, value]) => {
    if (value === null || value === undefined) return [];
    return widgetsAt(level, now, { owner, name }).map(
      ([target, widget]) =>
        (at: Doc) =>
          setNamed(at, target, widget, value, specs),
    );
  });
}

/** What gives the widgets inside the names and the privacy that the node has for them. A name leads to one input alone. */
function marked(doc: Doc, id: NodeId, level: Doc, now: ReadonlyMap<NodeId, NodeId>): ((at: Doc) => readonly Op[])[] {
  const node = doc.nodes[id]!;
  const shown = shownOf(definitionOf(doc, node.type)!, node);
  const called = (name: string) => {
    const isPort = portsOf(level, "inputs").some((port) => port.name === name);
    const owner = isPort ? "" : (shown.find((each) => each.name === name)?.owner ?? "");
    return widgetsAt(level, now, { owner, name });
  };
  const named = Object.entries(exposedOf(node).inputs).flatMap(([name, to]) =>
    called(name)
      .slice(0, 1)
      .map(
        ([target, widget]) =>
          (at: Doc) =>
            exposeInput(at, target, widget, to),
      ),
  );
  const hidden = privateOf(node)
    .flatMap(called)
    .map(
      ([target, widget]) =>
        (at: Doc) =>
          privateOf(at.nodes[target]!).includes(widget) ? [] : togglePrivate(at, target, widget),
    );
  return [...named, ...hidden];
}

/** Where a widget of the node comes from, as the nodes are called now. */
function widgetsAt(
  level: Doc,
  now: ReadonlyMap<NodeId, NodeId>,
  { owner, name }: Shown,
): [target: NodeId, widget: string][] {
  const slot = portsOf(level, "inputs").findIndex((port) => owner === "" && port.name === name);
  const targets = owner === "" ? wiresOf(level, "inputs", slot) : [];
  const places = owner === "" ? targets.map(({ to, toSlot }) => [to, widgetAt(level, to, toSlot)]) : [[owner, name]];
  return places.flatMap(([inner, widget]): [NodeId, string][] => {
    const target = now.get(inner ?? "");
    return target === undefined || widget === undefined ? [] : [[target, widget]];
  });
}

function widgetAt(level: Doc, id: NodeId, slot: number): string | undefined {
  return level.nodes[id]?.inputs[slot]?.widget;
}

function valuesOf(doc: Doc, id: NodeId): [string, string, unknown][] {
  const node = doc.nodes[id]!;
  const definition = definitionOf(doc, node.type)!;
  if (!Array.isArray(node.values)) return Object.entries(node.values).map(([name, value]) => ["", name, value]);
  return shownOf(definition, node).map(({ owner, name }, at) => [owner, name, (node.values as unknown[])[at]]);
}

function setNamed(doc: Doc, id: NodeId, name: string, value: unknown, specs: Specs): readonly Op[] {
  const node = doc.nodes[id]!;
  const spec = specOf(doc, node, specs);
  const widget = spec && widgetsOf(node, spec).find((each) => each.name === name && each.kind !== "control");
  return widget ? setValue(doc, id, widget.index, value, name) : [];
}

/** Gives a node a copy of its subgraph for itself: what is changed in it is changed for no other. */
export function makeUnique(doc: Doc, id: NodeId, newId: () => string): Op[] {
  const node = doc.nodes[id];
  const definition = node && definitionOf(doc, node.type);
  if (!definition) return [];
  const { definitions: _, ...alone } = definition; // what lies within it stays defined there
  const own = newId();
  return [...define(doc, [{ ...alone, id: own }]), ...setNode(doc, id, { type: own })];
}
