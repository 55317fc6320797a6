import { INPUTS, INPUTS_TYPE, OUTPUTS, OUTPUTS_TYPE } from "./border";
import { definitionOf } from "./definitions";
import { fieldsIn, put } from "./entries";
import { loadDoc } from "./read";
import { saveDoc } from "./save";
import { type Fields, isFields, same } from "./same";
import type { Doc } from "./types";

/**
 * The inside of a subgraph as a document of its own, and back into the file. What comes in and goes out are two nodes of
 * it, numbered as files number them, so that their wires are wires as all others. It knows all subgraphs of the whole.
 */

const WIDTH = 150;
const GAP = 120;
const LINE = 24;

const bare = new WeakMap<Fields, Doc>();
const levels = new WeakMap<object, Map<string, Doc>>();

/** The inside of a subgraph; undefined if there is none of this id. Throws `NotAWorkflow` if it can't be read. */
export function levelOf(doc: Doc, id: string): Doc | undefined {
  const definition = definitionOf(doc, id);
  const { definitions } = doc.rest;
  if (!definition || !isFields(definitions)) return undefined;
  const known = levels.get(definitions) ?? new Map<string, Doc>();
  levels.set(definitions, known);
  let level = known.get(id);
  if (!level) {
    let own = bare.get(definition);
    if (!own) bare.set(definition, (own = readLevel(definition)));
    known.set(id, (level = { ...own, rest: { ...own.rest, definitions } }));
  }
  return level;
}

function readLevel(definition: Fields): Doc {
  const entries = Array.isArray(definition["nodes"]) ? (definition["nodes"] as Fields[]) : [];
  const nodes = [border(definition, "in"), ...entries, border(definition, "out")];
  const doc = loadDoc({ ...definition, nodes, version: 1 });
  return { ...doc, rest: { ...doc.rest, version: definition["version"] } };
}

/** The node that stands for one side. `file` and `box`: what the file says of it, and where it lies if it says nothing. */
function border(definition: Fields, side: "in" | "out"): Fields {
  const file = definition[side === "in" ? "inputNode" : "outputNode"];
  const box = boxIn(file) ?? beside(definition, side);
  const ports = fieldsIn(definition[side === "in" ? "inputs" : "outputs"]);
  const base = { pos: [box[0], box[1]], size: [box[2], box[3]], flags: {}, mode: 0, file, box };
  return side === "in"
    ? { id: Number(INPUTS), type: INPUTS_TYPE, ...base, outputs: ports.map(asOutput) }
    : { id: Number(OUTPUTS), type: OUTPUTS_TYPE, ...base, inputs: ports.map(asInput) };
}

function boxIn(file: unknown): readonly number[] | undefined {
  const box = isFields(file) ? file["bounding"] : undefined;
  return Array.isArray(box) && box.length === 4 && box.every(Number.isFinite) ? (box as number[]) : undefined;
}

/** Left of all nodes, or right of them. */
function beside(definition: Fields, side: "in" | "out"): readonly number[] {
  const nodes = fieldsIn(definition["nodes"]).map(({ pos, size }) => [pairIn(pos), pairIn(size)] as const);
  const ports = fieldsIn(definition[side === "in" ? "inputs" : "outputs"]).length;
  const left = Math.min(...nodes.map(([[x]]) => x), ...(nodes.length > 0 ? [] : [0])) - GAP - WIDTH;
  const right = Math.max(...nodes.map(([[x], [width]]) => x + width), ...(nodes.length > 0 ? [] : [0])) + GAP;
  const top = Math.min(...nodes.map(([[, y]]) => y), ...(nodes.length > 0 ? [] : [0]));
  return [side === "in" ? left : right, top, WIDTH, LINE * (ports + 1)];
}

function pairIn(value: unknown): readonly [number, number] {
  const [x, y] = [0, 1].map((at) => Number((value as Fields | null | undefined)?.[at]) || 0);
  return [x!, y!];
}

function asOutput(port: Fields): Fields {
  return renamed(port, "linkIds", "links");
}

/** At most one wire leads to an output of the subgraph. */
function asInput(port: Fields): Fields {
  return { ...port, link: firstOf(port["linkIds"]) };
}

function firstOf(ids: unknown): unknown {
  return Array.isArray(ids) ? ((ids as unknown[])[0] ?? null) : null;
}

function renamed(fields: Fields, from: string, to: string): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key === from ? to : key, value]));
}

/** The inside of a subgraph as the file has it. `before`: what stood there, of which what lies within it stays. */
export function writeLevel(level: Doc, before: Fields): Fields {
  const { definitions: _, ...own } = level.rest;
  const saved = saveDoc({ ...level, rest: own });
  const nodes = fieldsIn(saved["nodes"]);
  const made: Fields = {
    ...saved,
    nodes: nodes.filter(({ type }) => type !== INPUTS_TYPE && type !== OUTPUTS_TYPE),
    ...("definitions" in before ? { definitions: before["definitions"] } : {}),
  };
  if (made["version"] === undefined) delete made["version"];
  for (const node of nodes) {
    if (node["type"] === INPUTS_TYPE)
      writeBorder(made, node, "inputNode", "inputs", portsFrom(node["outputs"], fromOutput));
    if (node["type"] === OUTPUTS_TYPE)
      writeBorder(made, node, "outputNode", "outputs", portsFrom(node["inputs"], fromInput));
  }
  bare.set(made, { ...level, rest: own });
  return made;
}

function portsFrom(entries: unknown, write: (entry: Fields) => Fields): Fields[] {
  return fieldsIn(entries).map(write);
}

function writeBorder(made: Fields, node: Fields, key: string, list: string, ports: readonly Fields[]): void {
  const box = [...(node["pos"] as number[]), ...(node["size"] as number[])];
  const file = node["file"];
  if (!same(box, node["box"])) made[key] = { id: node["id"], ...(isFields(file) ? file : {}), bounding: box };
  if (ports.length > 0 || Array.isArray(made[list])) made[list] = ports;
}

function fromOutput(entry: Fields): Fields {
  return renamed(entry, "links", "linkIds");
}

function fromInput({ link, ...port }: Fields): Fields {
  put(port, "linkIds", link, firstOf, (id) => (id === null ? [] : [id]));
  return port;
}
