import { type Fields, isFields, same } from "./same";
import type { DocGroup, DocInput, DocNode, DocOutput } from "./types";

/**
 * Nodes and groups, from JSON and back. `rest` is the entry as it was read, and a field whose meaning is what it was is
 * written as it came: with its own spelling, or not at all. So a file that was only opened is saved as it was.
 */

export const DEFAULT_SIZE: readonly [number, number] = [210, 100];

export function readNode(raw: Fields): DocNode {
  const { inputs, outputs } = raw;
  return {
    id: String(raw["id"]),
    type: String(raw["type"]),
    pos: readPos(raw["pos"]),
    size: readSize(raw["size"]),
    mode: readMode(raw["mode"]),
    ...texts(raw, "title", "color", "bgcolor"),
    flags: readFields(raw["flags"]),
    properties: readFields(raw["properties"]),
    inputs: fieldsIn(inputs).map(readInput),
    outputs: fieldsIn(outputs).map(readOutput),
    values: readValues(raw["widgets_values"]),
    // The sockets keep their own entries.
    rest: {
      ...raw,
      ...(Array.isArray(inputs) ? { inputs: [] } : {}),
      ...(Array.isArray(outputs) ? { outputs: [] } : {}),
    },
  };
}

/** Which links a socket has, as they are written: `known` says whether a link was in the file at all. */
export interface LinksOf {
  into(slot: number): number | null;
  from(slot: number): readonly number[];
  known(link: number): boolean;
}

export function writeNode(node: DocNode, links: LinksOf): Fields {
  const raw: Fields = { ...node.rest };
  put(raw, "id", node.id, (id) => (id === undefined ? undefined : String(id)), writtenId);
  put(raw, "type", node.type, (type) => type);
  put(raw, "pos", node.pos, readPos, copy);
  put(raw, "size", node.size, readSize, copy);
  put(raw, "flags", node.flags, readFields);
  put(raw, "mode", node.mode, readMode);
  if (node.inputs.length > 0)
    raw["inputs"] = node.inputs.map((each, slot) => writeInput(each, links.into(slot), links));
  if (node.outputs.length > 0)
    raw["outputs"] = node.outputs.map((each, slot) => writeOutput(each, links.from(slot), links));
  put(raw, "title", node.title, text);
  put(raw, "properties", node.properties, readFields);
  put(raw, "widgets_values", node.values, readValues, (values) => (Array.isArray(values) ? [...values] : values));
  put(raw, "color", node.color, text);
  put(raw, "bgcolor", node.bgcolor, text);
  return raw;
}

export function readInput(raw: Fields): DocInput {
  const widget = text(readFields(raw["widget"])["name"]);
  return {
    name: readName(raw["name"]),
    type: readType(raw["type"]),
    ...(widget === undefined ? {} : { widget }),
    rest: raw,
  };
}

function writeInput(input: DocInput, link: number | null, links: LinksOf): Fields {
  const raw: Fields = { ...input.rest };
  put(raw, "name", input.name, readName);
  put(raw, "type", input.type, readType);
  put(
    raw,
    "widget",
    input.widget,
    (widget) => text(readFields(widget)["name"]),
    (name) => ({ name }),
  );
  put(raw, "link", link, (id) => readLinks([id], links)[0] ?? null);
  return raw;
}

export function readOutput(raw: Fields): DocOutput {
  return { name: readName(raw["name"]), type: readType(raw["type"]), rest: raw };
}

function writeOutput(output: DocOutput, ids: readonly number[], links: LinksOf): Fields {
  const raw: Fields = { ...output.rest };
  put(raw, "name", output.name, readName);
  put(raw, "type", output.type, readType);
  const before = readLinks(raw["links"], links);
  const kept = before.filter((id) => ids.includes(id));
  const now = [...kept, ...ids.filter((id) => !kept.includes(id))];
  if (!same(before, now)) raw["links"] = now;
  return raw;
}

/** The links that an entry names, without those that were in no list of links. */
function readLinks(ids: unknown, links: LinksOf): number[] {
  const named = Array.isArray(ids) ? ids.filter((id) => id !== null && id !== undefined).map(Number) : [];
  return named.filter((id) => links.known(id));
}

export function readGroup(raw: Fields, id: number): DocGroup {
  return {
    id,
    title: readName(raw["title"]),
    bounding: readBounding(raw["bounding"]),
    ...texts(raw, "color"),
    rest: raw,
  };
}

/** The id stays as it came: the oldest files have none, and others have one twice. */
export function writeGroup(group: DocGroup): Fields {
  const raw: Fields = { ...group.rest };
  put(raw, "title", group.title, readName);
  put(raw, "bounding", group.bounding, readBounding, copy);
  put(raw, "color", group.color, text);
  return raw;
}

/** Writes a field, unless what stands there means the same. `undefined` takes it away. */
export function put<T>(
  raw: Fields,
  key: string,
  value: T,
  read: (raw: unknown) => unknown,
  write: (value: T) => unknown = (plain) => plain,
): void {
  if (same(read(raw[key]), value)) return;
  if (value === undefined) delete raw[key];
  else raw[key] = write(value);
}

/** Editors number their nodes; an id that is no number stays text. */
export function writtenId(id: string): number | string {
  return /^(0|[1-9]\d*)$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : id;
}

/** A socket's type: the choices of a combo in old files, 0 or -1 for a link of no type. */
export function readType(type: unknown): string {
  if (typeof type === "string") return type;
  return Array.isArray(type) ? "COMBO" : "*";
}

export function fieldsIn(list: unknown): Fields[] {
  return Array.isArray(list) ? list.filter(isFields) : [];
}

function readFields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function readValues(values: unknown): DocNode["values"] {
  return Array.isArray(values) || isFields(values) ? values : [];
}

function readMode(mode: unknown): number {
  return typeof mode === "number" ? mode : 0;
}

function readName(name: unknown): string {
  return name === undefined || name === null ? "" : String(name);
}

function readPos(value: unknown): [number, number] {
  return readPair(value, [0, 0]);
}

function readSize(value: unknown): [number, number] {
  return readPair(value, DEFAULT_SIZE);
}

/** Old files hold typed arrays: `{"0": x, "1": y}`. */
function readPair(value: unknown, otherwise: readonly [number, number]): [number, number] {
  const [x, y] = [0, 1].map((at) => Number((value as Fields | null | undefined)?.[at]));
  return [Number.isFinite(x) ? x! : otherwise[0], Number.isFinite(y) ? y! : otherwise[1]];
}

function readBounding(value: unknown): [number, number, number, number] {
  const [x, y, width, height] = [0, 1, 2, 3].map((at) => Number((value as Fields | null | undefined)?.[at]) || 0);
  return [x!, y!, width!, height!];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function texts<K extends string>(raw: Fields, ...keys: K[]): { [key in K]?: string } {
  return Object.fromEntries(keys.filter((key) => typeof raw[key] === "string").map((key) => [key, raw[key]])) as {
    [key in K]?: string;
  };
}

function copy<T>(list: readonly T[]): T[] {
  return [...list];
}
