import { incoming, outgoing } from "./connect";
import { readInput, readOutput } from "./entries";
import { widgetsOf } from "./inputs";
import { disconnect } from "./links";
import { renamedMarks } from "./marks";
import { setNode } from "./nodes";
import { portId, portsOf, type Port, type Side, wiresOf } from "./ports";
import { type Fields, isFields, same } from "./same";
import { proxiesOf, type Shown, shownOf, specOf } from "./subgraphs";
import type { Doc, DocInput, DocNode, DocOutput, NodeId, Op, Specs } from "./types";

/** How a node that stands for a subgraph follows a change of the subgraph's inputs and outputs. */

/** A subgraph's inside before and after a change. */
export interface Change {
  readonly definition: Fields;
  readonly before: Doc;
  readonly after: Doc;
  readonly specs: Specs;
}

/** Whether the nodes that stand for it have anything to follow. */
export function isSeenOutside({ before, after }: Change): boolean {
  return (["inputs", "outputs"] as const).some((side) => !same(seen(before, side), seen(after, side)));
}

function seen(level: Doc, side: Side): unknown {
  return portsOf(level, side).map((port, slot) => [portId(port), port.name, port.type, isWidget(level, side, slot)]);
}

/** Whether an input leads to a widget inside, so that it is one outside. */
export function isWidget(level: Doc, side: Side, slot: number): boolean {
  return side === "inputs" && wiresOf(level, side, slot).some(({ to, toSlot }) => isWidgetSocket(level, to, toSlot));
}

function isWidgetSocket(level: Doc, id: NodeId, slot: number): boolean {
  return level.nodes[id]?.inputs[slot]?.widget !== undefined;
}

/** The value of the widget inside that an input leads to: what a new widget outside begins with. */
export function innerValue(level: Doc, slot: number, specs: Specs): unknown {
  for (const { to, toSlot } of wiresOf(level, "inputs", slot)) {
    const node = level.nodes[to];
    const name = node?.inputs[toSlot]?.widget;
    const spec = node && name !== undefined ? specOf(level, node, specs) : undefined;
    const widget = spec && widgetsOf(node!, spec).find((each) => each.name === name && each.kind !== "control");
    if (widget) return widget.value;
  }
  return null;
}

/** What makes one node of a document follow. */
export function followed(doc: Doc, node: DocNode, change: Change): Op[] {
  const [inputs, inputAt] = arranged(node.inputs, change, "inputs");
  const [outputs, outputAt] = arranged(node.outputs, change, "outputs");
  const values = valuesAfter(node, change);
  const properties = renamedMarks(values.properties ?? node.properties, (name) =>
    isPort(name, change) ? (nameAfter(name, change) ?? null) : name,
  );
  return [
    ...setNode(doc, node.id, { inputs: inputs as DocInput[], outputs: outputs as DocOutput[], ...values, properties }),
    ...rewired(doc, node.id, inputAt, outputAt),
  ];
}

/** The sockets in the order of the ports, and where those that were there are now; -1 if they are gone. */
function arranged(sockets: readonly Port[], { before, after }: Change, side: Side): [Port[], (slot: number) => number] {
  const old = portsOf(before, side);
  const kept = new Set<number>();
  const ports = portsOf(after, side).map((port, slot): [Port, number] => {
    const was = old.find((each) => portId(each) === portId(port));
    const at = was ? sockets.findIndex(({ name }) => name === was.name) : -1;
    kept.add(at);
    return [socketOf(sockets[at], port, side, isWidget(after, side, slot)), at];
  });
  const others = sockets.flatMap((socket, at): [Port, number][] =>
    kept.has(at) || old.some(({ name }) => name === socket.name) ? [] : [[socket, at]],
  );
  const all = [...ports, ...others];
  return [all.map(([socket]) => socket), (slot) => all.findIndex(([, at]) => at === slot)];
}

function socketOf(was: Port | undefined, { name, type }: Port, side: Side, widget: boolean): Port {
  if (side === "outputs") return was ? renamed(was, name, type) : readOutput({ name, type, links: null });
  if (!was) return readInput({ name, type, link: null, ...(widget ? { widget: { name } } : {}) });
  const { widget: _, ...plain } = renamed(was, name, type) as DocInput;
  return widget ? { ...plain, widget: name } : plain;
}

function renamed(socket: Port, name: string, type: string): Port {
  if (socket.name === name) return socket.type === type ? socket : { ...socket, type };
  const { label: _, localized_name: __, ...rest } = socket.rest;
  return { ...socket, name, type, rest };
}

function rewired(doc: Doc, id: NodeId, inputAt: (slot: number) => number, outputAt: (slot: number) => number): Op[] {
  const into = incoming(doc, id).map((link) => ({ link, after: { ...link, toSlot: inputAt(link.toSlot) } }));
  const from = outgoing(doc, id).map((link) => ({ link, after: { ...link, fromSlot: outputAt(link.fromSlot) } }));
  return [...into, ...from].flatMap(({ link, after }): Op[] => {
    if (after.toSlot < 0 || after.fromSlot < 0) return disconnect(doc, link.id);
    if (after.toSlot === link.toSlot && after.fromSlot === link.fromSlot) return [];
    return [{ of: "links", id: link.id, before: link, after }];
  });
}

/** The values by which a node sets widgets of its subgraph, in the order in which it then shows them. */
function valuesAfter(node: DocNode, change: Change): Partial<DocNode> {
  const { definition, after, specs } = change;
  const list = portsOf(after, "inputs").flatMap(({ name }, slot) =>
    isWidget(after, "inputs", slot) ? [{ name, slot }] : [],
  );
  if (isFields(node.values)) return { values: renamedKeys(node.values, change), ...restAfter(node, change) };
  const shown = shownOf(definition, node);
  const kept = shown.flatMap(({ owner, name }, at): (Shown & { value: unknown })[] => {
    const now = owner === "" ? nameAfter(name, change) : name;
    const stays = owner !== "" || list.some((port) => port.name === now);
    return now !== undefined && stays ? [{ owner, name: now, value: (node.values as unknown[])[at] }] : [];
  });
  const added = list
    .filter(({ name }) => !kept.some((each) => each.owner === "" && each.name === name))
    .map(({ name, slot }) => ({ owner: "", name, value: innerValue(after, slot, specs) }));
  const all = [...kept, ...added];
  const isTold = proxiesOf(node).length > 0 || all.some(({ owner }) => owner !== "") || hasWidgets(definition);
  const place = new Map(list.map(({ name }, at) => [name, at]));
  if (!isTold) all.sort((a, b) => place.get(a.name)! - place.get(b.name)!);
  const proxyWidgets = all.map(({ owner, name }) => [owner || "-1", name]);
  return {
    values: all.map(({ value }) => value),
    ...(isTold ? { properties: { ...node.properties, proxyWidgets } } : {}),
    ...restAfter(node, change),
  };
}

function hasWidgets(definition: Fields): boolean {
  return Array.isArray(definition["widgets"]) && definition["widgets"].length > 0;
}

function isPort(name: string, { before }: Change): boolean {
  return portsOf(before, "inputs").some((port) => port.name === name);
}

/** What an input is called now; undefined if it is gone. */
function nameAfter(name: string, { before, after }: Change): string | undefined {
  const was = portsOf(before, "inputs").find((port) => port.name === name);
  return was && portsOf(after, "inputs").find((port) => portId(port) === portId(was))?.name;
}

function restAfter(node: DocNode, change: Change): Partial<DocNode> {
  const named = node.rest["widgets_values_named"];
  return isFields(named) ? { rest: { ...node.rest, widgets_values_named: renamedKeys(named, change) } } : {};
}

function renamedKeys(named: Fields, change: Change): Fields {
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]): [string, unknown][] => {
      const now = isPort(name, change) ? nameAfter(name, change) : name;
      return now === undefined ? [] : [[now, value]];
    }),
  );
}
