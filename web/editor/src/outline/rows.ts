import { type Handle, handleId, inputHandleId } from "../canvas/handles";
import { incoming, linkedInputs, outgoing } from "../graph/connect";
import { inputsOf, widgetsOf } from "../graph/inputs";
import { runOrder } from "../graph/run_order";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocLink, DocNode, NodeId, NodeSpec, Specs, Widget } from "../graph/types";
import { PRIMITIVE } from "../graph/virtual";
import { primitiveWidgets } from "../nodes/primitive";
import { titleOf } from "../panels/useTitle";
import { t } from "./strings";
import { valueText } from "./value";

/** The tree of a workflow as lines: nodes as they run, below each what it takes and what it gives, and to whom. */

interface Line {
  readonly key: string;
  readonly level: 1 | 2 | 3;
  readonly node: NodeId;
  /** What is typed to find it. */
  readonly name: string;
  /** Missing if nothing is below it. */
  readonly open?: boolean;
  /** Its place among its siblings, from 1, and how many they are. */
  readonly at: number;
  readonly of: number;
}

export interface NodeLine extends Line {
  readonly kind: "node";
  readonly mode: number;
}

export interface InputLine extends Line {
  readonly kind: "input";
  /** Null for the control of a seed, which no wire can feed. */
  readonly handle: Handle | null;
  readonly widget: Widget | undefined;
  readonly hasControl: boolean;
  readonly link: DocLink | undefined;
  readonly text: string;
}

export interface OutputLine extends Line {
  readonly kind: "output";
  readonly handle: Handle;
  readonly text: string;
}

export interface LinkLine extends Line {
  readonly kind: "link";
  readonly link: DocLink;
}

export type Row = NodeLine | InputLine | OutputLine | LinkLine;

/** `toggled` are the keys of lines that are not as they are at first: nodes closed, outputs open. */
export function rowsOf(doc: Doc, specs: Specs, toggled: ReadonlySet<string>): Row[] {
  const order = runOrder(doc);
  return order.flatMap((id, at): Row[] => {
    const node = doc.nodes[id]!;
    const open = toggled.has(nodeKey(id));
    const below = open || hasSockets(doc, node, specs);
    const line: NodeLine = {
      kind: "node",
      key: nodeKey(id),
      level: 1,
      node: id,
      name: titleOf(doc, specs, id),
      mode: node.mode,
      at: at + 1,
      of: order.length,
      ...(below ? { open } : {}),
    };
    return open ? [line, ...partsOf(doc, node, specs, toggled)] : [line];
  });
}

export function nodeKey(id: NodeId): string {
  return `node ${id}`;
}

function hasSockets(doc: Doc, node: DocNode, specs: Specs): boolean {
  const spec = specOf(doc, node, specs);
  return node.inputs.length + node.outputs.length > 0 || (spec !== undefined && inputsOf(spec).length > 0);
}

type Part = Omit<InputLine, "at" | "of"> | Omit<OutputLine, "at" | "of">;

function partsOf(doc: Doc, node: DocNode, specs: Specs, toggled: ReadonlySet<string>): Row[] {
  const parts: Part[] = [...inputLines(doc, node, specs), ...outputLines(doc, node, specs, toggled)];
  return parts.flatMap((part, at): Row[] => {
    const line = { ...part, at: at + 1, of: parts.length } as Row;
    return line.kind === "output" && line.open ? [line, ...linkLines(doc, line, specs)] : [line];
  });
}

/** Sockets, then widgets, as the node shows them. */
function inputLines(doc: Doc, node: DocNode, specs: Specs): Part[] {
  const spec = specOf(doc, node, specs);
  const widgets = widgetLines(doc, node, spec, specs);
  const shown = new Set(widgets.map(({ name }) => name));
  const optional = new Set(spec && inputsOf(spec).flatMap((input) => (input.optional ? [input.name] : [])));
  const links = new Map(incoming(doc, node.id).map((link) => [link.toSlot, link]));
  const sockets = node.inputs.flatMap((input, slot): Part[] => {
    if (input.widget !== undefined && shown.has(input.widget)) return [];
    const link = links.get(slot);
    const text = link ? sourceText(doc, link, specs) : optional.has(input.name) ? t.optional : t.missing;
    const handle: Handle = input.widget === undefined ? { side: "in", slot } : { side: "widget", name: input.widget };
    const key = `${node.id} ${inputHandleId(input, slot)}`;
    const name = input.name || input.type;
    return [
      { kind: "input", key, level: 2, node: node.id, name, handle, link, text, widget: undefined, hasControl: false },
    ];
  });
  return [...sockets, ...widgets];
}

function widgetLines(doc: Doc, node: DocNode, spec: NodeSpec | undefined, specs: Specs): Part[] {
  const isPrimitive = node.type === PRIMITIVE;
  if (!spec && !isPrimitive) return [];
  const widgets = isPrimitive
    ? primitiveWidgets(doc, node, specs)
    : widgetsOf(node, spec!, linkedInputs(doc, node.id)).filter(({ spec: { options } }) => !options["hidden"]);
  return widgets.map((widget, at): Part => {
    const isControl = widget.kind === "control";
    const link = widget.linked ? incoming(doc, node.id).find(({ toSlot }) => toSlot === widget.socket) : undefined;
    const canBeFed = !isControl && !isPrimitive && !widget.spec.options["socketless"];
    return {
      kind: "input",
      key: `${node.id} value:${widget.index}`,
      level: 2,
      node: node.id,
      name: isControl ? t.control : widget.name,
      handle: canBeFed ? { side: "widget", name: widget.name } : null,
      widget,
      hasControl: widgets[at + 1]?.kind === "control" && !widget.spec.choices,
      link,
      text: link ? sourceText(doc, link, specs) : valueText(widget),
    };
  });
}

function sourceText(doc: Doc, link: DocLink, specs: Specs): string {
  const output = doc.nodes[link.from]?.outputs[link.fromSlot];
  return t.from(`${titleOf(doc, specs, link.from)}.${output?.name || (output?.type ?? "")}`);
}

function outputLines(doc: Doc, node: DocNode, specs: Specs, toggled: ReadonlySet<string>): Part[] {
  return node.outputs.map((output, slot): Part => {
    const key = `${node.id} ${handleId("out", slot)}`;
    const targets = linksOf(doc, node.id, slot).map((link) => targetText(doc, link, specs));
    const text =
      targets.length === 0 ? t.unused : t.feeds(targets.length > 2 ? t.many(targets.length) : targets.join(", "));
    return {
      kind: "output",
      key,
      level: 2,
      node: node.id,
      name: output.name || output.type,
      handle: { side: "out", slot },
      text,
      ...(targets.length > 0 ? { open: !toggled.has(key) } : {}),
    };
  });
}

function linkLines(doc: Doc, output: OutputLine, specs: Specs): LinkLine[] {
  const links = output.handle.side === "out" ? linksOf(doc, output.node, output.handle.slot) : [];
  return links.map((link, at) => ({
    kind: "link",
    key: `link ${link.id}`,
    level: 3,
    node: output.node,
    name: t.to(targetText(doc, link, specs)),
    link,
    at: at + 1,
    of: links.length,
  }));
}

function linksOf(doc: Doc, id: NodeId, slot: number): DocLink[] {
  return outgoing(doc, id).filter(({ fromSlot, to }) => fromSlot === slot && doc.nodes[to] !== undefined);
}

function targetText(doc: Doc, link: DocLink, specs: Specs): string {
  return `${titleOf(doc, specs, link.to)}.${doc.nodes[link.to]?.inputs[link.toSlot]?.name ?? ""}`;
}
