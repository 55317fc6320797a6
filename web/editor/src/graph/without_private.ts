import { INPUTS, isBorder } from "./border";
import { incoming, outgoing } from "./connect";
import { definitionsOf } from "./definitions";
import { setValue } from "./edits";
import { initialValues, valueNames, widgetsOf } from "./inputs";
import { levelOf } from "./levels";
import { applyAll } from "./ops";
import { privateOf } from "./private";
import { isFields } from "./same";
import { specOf } from "./subgraphs";
import type { Doc, DocLink, DocNode, NodeId, Op, Specs } from "./types";

/** The workflow itself is the level `""`; all others are called as their subgraphs are. */
type Level = string;

/** Numbers below may stand for anything: such a private value is left out at its own place alone. */
const COMMON = 1000;

/**
 * The document without the values of private inputs, of all that feeds them, and of what else shows the same value: what
 * the server leaves out of the pictures that it saves.
 */
export function withoutPrivate(doc: Doc, specs: Specs): Doc {
  const levels = levelsOf(doc);
  const hidden = new Private(levels, specs);
  const ops = [...levels].flatMap(([level, at]) => {
    const found = blanked(at, specs, (node, name, value) => hidden.has(level, node, name) || hidden.secrets.has(value));
    return level === "" ? found : found.map((op): Op => (op.of === "definitions" ? op : { ...op, in: level }));
  });
  return applyAll(doc, ops);
}

function levelsOf(doc: Doc): ReadonlyMap<Level, Doc> {
  const inner = definitionsOf(doc).flatMap((definition): [Level, Doc][] => {
    const id = String(definition["id"]);
    const level = levelOf(doc, id);
    return level ? [[id, level]] : [];
  });
  return new Map([["", doc], ...inner]);
}

/** The private inputs of all levels, found by going from each to what feeds it. */
class Private {
  /** The values that stand at private inputs, if no other input would show them by chance. */
  readonly secrets = new Set<unknown>();
  private readonly found = new Set<string>();

  constructor(
    private readonly levels: ReadonlyMap<Level, Doc>,
    private readonly specs: Specs,
  ) {
    for (const [level, { nodes }] of levels)
      for (const node of Object.values(nodes)) for (const name of privateOf(node)) this.add(level, node.id, name);
  }

  has(level: Level, node: NodeId, name: string): boolean {
    return this.found.has(keyOf(level, node, name));
  }

  private add(level: Level, id: NodeId, name: string): void {
    const doc = this.levels.get(level)!;
    const node = doc.nodes[id];
    if (!node || this.has(level, id, name)) return;
    this.found.add(keyOf(level, id, name));
    const shown = valuesOf(doc, node, this.specs).find((each) => each.name === name);
    if (shown && shown.value !== shown.initial && isTelling(shown.value)) this.secrets.add(shown.value);
    const link = incoming(doc, id).find(({ toSlot }) => node.inputs[toSlot]?.name === name);
    if (link) this.addSource(level, link);
    this.addInside(node, name);
  }

  /** What the inner nodes of a subgraph get from its input. */
  private addInside(node: DocNode, port: string): void {
    const inner = this.levels.get(node.type);
    const slot = inner?.nodes[INPUTS]?.outputs.findIndex(({ name }) => name === port);
    if (!inner || slot === undefined) return;
    for (const { fromSlot, to, toSlot } of outgoing(inner, INPUTS))
      if (fromSlot === slot) this.add(node.type, to, inner.nodes[to]?.inputs[toSlot]?.name ?? "");
  }

  private addSource(level: Level, link: DocLink): void {
    const node = this.levels.get(level)?.nodes[link.from];
    if (!node) return;
    if (isBorder(node)) this.addOutside(level, node.outputs[link.fromSlot]?.name ?? "");
    else this.addAll(level, node);
  }

  /** The input of a subgraph, at all nodes that stand for it. */
  private addOutside(subgraph: Level, port: string): void {
    for (const [level, { nodes }] of this.levels)
      for (const node of Object.values(nodes)) if (node.type === subgraph) this.add(level, node.id, port);
  }

  private addAll(level: Level, node: DocNode): void {
    const values = valuesOf(this.levels.get(level)!, node, this.specs);
    for (const { name } of [...values, ...node.inputs]) this.add(level, node.id, name);
    for (const inner of Object.values(this.levels.get(node.type)?.nodes ?? {}))
      if (!isBorder(inner)) this.addAll(node.type, inner);
  }
}

interface Value {
  readonly name: string;
  readonly index: number;
  readonly value: unknown;
  readonly initial: unknown;
}

/** By the names of its inputs; of a node that nobody knows by those of the file, or without. */
function valuesOf(doc: Doc, node: DocNode, specs: Specs): Value[] {
  const spec = specOf(doc, node, specs);
  if (!spec) {
    const names = isFields(node.values) ? Object.keys(node.values) : [];
    return Object.values(node.values).map((value, index) => ({
      name: names[index] ?? "",
      index,
      value,
      initial: null,
    }));
  }
  const [names, initial] = [valueNames(spec), initialValues(spec)];
  return widgetsOf(node, spec)
    .filter(({ kind }) => kind !== "control")
    .map(({ name, index, value }) => ({ name, index, value, initial: initial[names.indexOf(name)] ?? null }));
}

/** The values of a level that are to go, as changes of it. */
function blanked(doc: Doc, specs: Specs, isToGo: (node: NodeId, name: string, value: unknown) => boolean): Op[] {
  let now = doc;
  return Object.values(doc.nodes).flatMap((node) => {
    const isMarked = privateOf(node).length > 0;
    const gone = valuesOf(doc, node, specs).filter(
      // Whose value one without a name is, nobody knows.
      ({ name, value }) => isToGo(node.id, name, value) || (name === "" && isMarked),
    );
    return gone.flatMap(({ name, index, initial }) => {
      const ops = setValue(now, node.id, index, initial, name || undefined);
      now = applyAll(now, ops);
      return ops;
    });
  });
}

function isTelling(value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) >= COMMON;
  return typeof value === "bigint" || (typeof value === "string" && value.trim() !== "");
}

function keyOf(level: Level, node: NodeId, name: string): string {
  return JSON.stringify([level, node, name]);
}
