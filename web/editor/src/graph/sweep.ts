import { addressOf, axesOf, type Axis, MOST_AXES } from "./axes";
import { incoming, linkedInputs } from "./connect";
import { readNode } from "./entries";
import { initialValues, valueNames, widgetsOf } from "./inputs";
import { connect } from "./links";
import { newNode } from "./nodes";
import { applyAll } from "./ops";
import { privateOf } from "./private";
import { sweep as t } from "./strings";
import { specOf } from "./subgraphs";
import { BadValues, valuesIn } from "./sweep_values";
import { ALWAYS, type Doc, type DocNode, type NodeId, type Specs } from "./types";
import { placeAt } from "./within";

/**
 * A sweep is a run of its own: behind the picture come a node that sweeps and one that saves, with ids of nodes inside of
 * the one that shows the picture, so that what they show appears there. The document that is edited never has them.
 */

const PLOT = "PlotXY";
const SAVE = "SaveSweep";
const MOST_CELLS = 400;
/** What the id of the node that saves a sweep ends in. */
export const SWEEP_ID = ":sweep";
/** The nodes that make a sweep, beside those that are the server's own affair. */
export const SWEEPERS: readonly string[] = [PLOT, SAVE];

/** Why a workflow cannot be swept. */
export class NoSweep extends Error {
  override readonly name = "NoSweep";
}

/** What is to be run in the workflow's place. */
export interface Swept {
  readonly doc: Doc;
  readonly targets: readonly NodeId[];
}

/** The workflow with its sweep. `selected` nodes are asked first for the picture. Throws `NoSweep`. */
export function withSweep(doc: Doc, specs: Specs, selected: readonly NodeId[]): Swept {
  const axes = axesOf(doc);
  if (axes.length === 0) throw new NoSweep(t.noAxes);
  if (!specs[PLOT] || !specs[SAVE]) throw new NoSweep(t.noNodes);
  axes.forEach((axis) => checkUses(doc, specs, axes, axis));
  if (axes.length > MOST_AXES)
    throw new NoSweep(t.tooManyAxes(axes.map((axis) => axisName(doc, specs, axis)).join(", ")));
  const counts = axes.map((axis) => checked(doc, specs, axis));
  const [columns = 1, rows = 1] = counts;
  if (columns * rows > MOST_CELLS) throw new NoSweep(t.tooManyCells(columns, rows, MOST_CELLS));
  return built(doc, specs, axes, pictureOf(doc, specs, axes, selected));
}

/** An input as texts name it: `cfg of Draw`. */
export function axisName(doc: Doc, specs: Specs, { node, input }: Pick<Axis, "node" | "input">): string {
  return t.input(nameOf(doc, specs, node), input);
}

export function nameOf(doc: Doc, specs: Specs, node: DocNode): string {
  return node.title || specOf(doc, node, specs)?.display_name || node.type;
}

/** A node inside of a subgraph that is used twice stands for two. */
function checkUses(doc: Doc, specs: Specs, axes: readonly Axis[], { node, input }: Axis): void {
  if (axes.filter((other) => other.node === node && other.input === input).length > 1)
    throw new NoSweep(t.severalUses(axisName(doc, specs, { node, input })));
}

/** How many values an axis has. Throws `NoSweep` for one that cannot be swept. */
function checked(doc: Doc, specs: Specs, axis: Axis): number {
  const name = axisName(doc, specs, axis);
  const { node, input, path, id } = axis;
  const around = path.map((each, depth) => placeAt(doc, path.slice(0, depth)).doc.nodes[each]!);
  if ([...around, node].some(({ mode }) => mode !== ALWAYS)) throw new NoSweep(t.muted(name));
  if (privateOf(node).includes(input)) throw new NoSweep(t.secret(name));
  const spec = specOf(doc, node, specs);
  const linked = linkedInputs(placeAt(doc, path).doc, id);
  const widget = spec && widgetsOf(node, spec, linked).find((each) => each.name === input && each.kind !== "control");
  if (!widget) throw new NoSweep(t.gone(name));
  if (widget.linked) throw new NoSweep(t.wired(name));
  if (addressOf(doc, axis) === null) throw new NoSweep(t.severalTargets(name));
  try {
    return valuesIn(axis.text, widget.spec, widget.value).length;
  } catch (error) {
    if (error instanceof BadValues) throw new NoSweep(t.badValues(name, error.message));
    throw error;
  }
}

/** An output whose pictures are swept, and the node at which they are shown. */
interface Picture {
  readonly at: NodeId;
  readonly from: NodeId;
  readonly slot: number;
}

/**
 * The first on which all axes have an effect: of selected outputs, of all outputs, and of other selected nodes: those were
 * perhaps only selected to choose their axis.
 */
function pictureOf(doc: Doc, specs: Specs, axes: readonly Axis[], selected: readonly NodeId[]): Picture {
  const pictures = [
    ...[...selected, ...doc.order].flatMap((id) => shownAt(doc, specs, id) ?? []),
    ...selected.flatMap((id) => madeBy(doc, id) ?? []),
  ];
  const lacking = ({ from }: Picture) => {
    const needed = feeding(doc, from);
    return axes.find(({ path, id }) => !needed.has(path[0] ?? id));
  };
  const [first] = pictures;
  if (!first) throw new NoSweep(t.noPicture);
  const found = pictures.find((picture) => !lacking(picture));
  if (found) return found;
  throw new NoSweep(t.noPart(axisName(doc, specs, lacking(first)!), nameOf(doc, specs, doc.nodes[first.at]!)));
}

/** The picture that goes into an output node. */
function shownAt(doc: Doc, specs: Specs, id: NodeId): Picture | null {
  const node = doc.nodes[id];
  if (node?.mode !== ALWAYS || !specs[node.type]?.output_node) return null;
  const link = incoming(doc, id).find(({ toSlot, type }) => isPicture(node.inputs[toSlot]?.type) || isPicture(type));
  return link ? { at: id, from: link.from, slot: link.fromSlot } : null;
}

/** The picture that comes out of a node. */
function madeBy(doc: Doc, id: NodeId): Picture | null {
  const node = doc.nodes[id];
  const slot = node?.mode === ALWAYS ? node.outputs.findIndex(({ type }) => isPicture(type)) : -1;
  return slot >= 0 ? { at: id, from: id, slot } : null;
}

function isPicture(type: string | undefined): boolean {
  return type?.split(",").includes("IMAGE") ?? false;
}

/** A node with all that feeds it. */
function feeding(doc: Doc, id: NodeId): ReadonlySet<NodeId> {
  const seen = new Set([id]);
  for (const each of seen) incoming(doc, each).forEach(({ from }) => seen.add(from)); // what is added is visited too
  return seen;
}

function built(doc: Doc, specs: Specs, axes: readonly Axis[], { at, from, slot }: Picture): Swept {
  const [plot, save] = [`${at}:plot`, `${at}${SWEEP_ID}`];
  const [x, y] = axes.map((axis) => ({ address: addressOf(doc, axis)!, text: axis.text }));
  const values = { x_input: x!.address, x_values: x!.text, y_input: y?.address ?? "", y_values: y?.text ?? "" };
  let made = added(doc, specs, plot, PLOT, values);
  made = added(made, specs, save, SAVE, { filename_prefix: `${prefixOf(doc, specs, at)}_sweep` });
  made = wired(made, from, slot, plot, "image");
  for (const [output, input] of ["image", "cells", "sweep"].entries()) made = wired(made, plot, output, save, input);
  return { doc: made, targets: [save] };
}

function added(doc: Doc, specs: Specs, id: NodeId, type: string, values: Readonly<Record<string, unknown>>): Doc {
  const spec = specs[type]!;
  const first = initialValues(spec);
  const listed = valueNames(spec).map((name, at) => values[name] ?? first[at]);
  const after = readNode(newNode(spec, { id, order: doc.order.length, pos: [0, 0], values: listed }));
  return applyAll(doc, [{ of: "nodes", id, before: null, after }]);
}

function wired(doc: Doc, from: NodeId, slot: number, to: NodeId, input: string): Doc {
  const into = doc.nodes[to]!.inputs.findIndex(({ name }) => name === input);
  return applyAll(doc, connect(doc, from, slot, to, into));
}

/** How the files of the node that shows the picture are called. */
function prefixOf(doc: Doc, specs: Specs, id: NodeId): string {
  const node = doc.nodes[id]!;
  const spec = specs[node.type];
  const widget = spec && widgetsOf(node, spec).find(({ name }) => name === "filename_prefix");
  return typeof widget?.value === "string" && widget.value !== "" ? widget.value : "wireloom";
}
