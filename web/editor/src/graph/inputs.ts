import type { DocNode, InputSpec, NodeSpec, Widget } from "./types";
import { isFields } from "./same";

/** The input types that editors show as controls. Others can ask for it by the option `widgetType`. */
const WIDGETS: ReadonlySet<string> = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);
const SEEDS: readonly string[] = ["seed", "noise_seed"];
export const CONTROL = "control_after_generate";
export const UPLOAD = "upload";

/** Options of a choice that put an upload button below the node, and what the button holds. */
const UPLOADS: readonly (readonly [string, string])[] = [
  ["image_upload", "image"],
  ["animated_image_upload", "image"],
  ["video_upload", "video"],
  ["audio_upload", "audio"],
  ["mesh_upload", "mesh"],
];

/** One element of a node's list of values: an input's, or that of a seed's control or an upload button. */
interface Position {
  readonly name: string;
  readonly role: "value" | "control" | "upload";
  readonly spec: InputSpec;
}

const inputs = new WeakMap<NodeSpec, readonly InputSpec[]>();

/** The inputs of a node type in the order in which they were declared, required ones first. */
export function inputsOf(spec: NodeSpec): readonly InputSpec[] {
  const known = inputs.get(spec);
  if (known) return known;
  const read = (["required", "optional"] as const).flatMap((section) => {
    const declared = spec.input[section] ?? {};
    const order = spec.input_order?.[section] ?? Object.keys(declared);
    return order
      .filter((name) => name in declared)
      .map((name) => readInput(name, declared[name], section === "optional"));
  });
  inputs.set(spec, read);
  return read;
}

function readInput(name: string, config: unknown, optional: boolean): InputSpec {
  const [kind, given] = Array.isArray(config) ? (config as unknown[]) : [config];
  const options = isFields(given) ? given : {};
  const listed = Array.isArray(kind) ? kind : kind === "COMBO" ? options["options"] : undefined;
  const choices = Array.isArray(listed) ? (listed as (string | number)[]) : undefined;
  const type = Array.isArray(kind) ? "COMBO" : String(kind);
  const isWidget = wouldBeWidget(type, choices, options) && !options["forceInput"];
  return { name, type, optional, options, isWidget, ...(choices ? { choices } : {}) };
}

function wouldBeWidget(type: string, choices: unknown, options: InputSpec["options"]): boolean {
  return WIDGETS.has(type) || choices !== undefined || Boolean(options["widgetType"]);
}

/**
 * The controls of a node: which value each shows, and which socket stands beside it. What named values say
 * (`widgets_values_named`) is preferred, as it is by the server. `linked` are the input slots that have a link
 * (`linkedInputs` of `connect.ts`): the document knows that, the node does not.
 */
export function widgetsOf(node: DocNode, spec: NodeSpec, linked: ReadonlySet<number> = NONE): Widget[] {
  const values = node.values;
  const named = isFields(node.rest["widgets_values_named"]) ? node.rest["widgets_values_named"] : {};
  const places = fitting(spec, Array.isArray(values) ? values.length : -1);
  const widgets: Widget[] = [];
  places.forEach(({ name, role, spec: input }, at) => {
    if (role === "upload" || (role === "value" && !input.isWidget)) return;
    const index = Array.isArray(values) ? at : indexOfName(values as InputSpec["options"], name);
    const held = Array.isArray(values) ? (values as unknown[])[at] : (values as InputSpec["options"])[name];
    const value = (role === "value" ? named[name] : undefined) ?? held ?? fresh(role, input);
    const socket = role === "value" ? node.inputs.findIndex((each) => each.name === name) : -1;
    widgets.push({
      name,
      index,
      kind: role === "control" ? "control" : kindOf(input),
      spec: input,
      value,
      linked: socket >= 0 && linked.has(socket),
      ...(socket >= 0 ? { socket } : {}),
    });
  });
  return widgets;
}

const NONE: ReadonlySet<number> = new Set();

/** What the list of values of a new node holds. */
export function initialValues(spec: NodeSpec): unknown[] {
  return positions(spec, false).map(({ role, spec: input }) => fresh(role, input));
}

/** The names that belong to the elements of `initialValues`. */
export function valueNames(spec: NodeSpec): string[] {
  return positions(spec, false).map((each) => each.name);
}

/** Values held by name keep their key's place; one that is not there yet comes last. */
function indexOfName(values: InputSpec["options"], name: string): number {
  const at = Object.keys(values).indexOf(name);
  return at >= 0 ? at : Object.keys(values).length;
}

/** Old files hold a value for an input that has become a plain socket since: seen by their number of values. */
function fitting(spec: NodeSpec, count: number): readonly Position[] {
  const now = positions(spec, false);
  const then = positions(spec, true);
  const uploads = now.filter((each) => each.role === "upload").length;
  return count === then.length && count !== now.length && count !== now.length - uploads ? then : now;
}

const places = new WeakMap<NodeSpec, readonly [readonly Position[], readonly Position[]]>();

/** `forced`: also those that became plain sockets later (`forceInput`). */
function positions(spec: NodeSpec, forced: boolean): readonly Position[] {
  let both = places.get(spec);
  if (!both) places.set(spec, (both = [collect(spec, false), collect(spec, true)]));
  return both[forced ? 1 : 0];
}

function collect(spec: NodeSpec, forced: boolean): readonly Position[] {
  const found: Position[] = [];
  const uploads: Position[] = [];
  for (const input of inputsOf(spec)) {
    if (!input.isWidget && !(forced && wouldBeWidget(input.type, input.choices, input.options))) continue;
    found.push({ name: input.name, role: "value", spec: input });
    if (isControlled(input)) found.push({ name: CONTROL, role: "control", spec: input });
    if (uploadOf(input)) uploads.push({ name: UPLOAD, role: "upload", spec: input });
  }
  return [...found, ...uploads];
}

export function uploadOf({ options }: InputSpec): string | undefined {
  return UPLOADS.find(([option]) => options[option])?.[1];
}

/** Whether a control that changes the value between runs follows it. */
export function isControlled({ name, type, options }: InputSpec): boolean {
  const asked = options[CONTROL];
  return Boolean(asked) || (asked !== false && type === "INT" && SEEDS.includes(name));
}

function fresh(role: Position["role"], input: InputSpec): unknown {
  if (role === "upload") return uploadOf(input);
  if (role === "value") return defaultOf(input);
  const asked = input.options[CONTROL];
  return typeof asked === "string" ? asked : "randomize";
}

/** Whether the value of a choice is a list of them. */
export function takesSeveral(options: InputSpec["options"]): boolean {
  return Boolean(options["multiselect"] ?? options["multi_select"]);
}

/** What a control shows at first. */
export function defaultOf({ type, options, choices }: InputSpec): unknown {
  const shown = options["default"];
  if (shown !== undefined && shown !== null) return shown;
  if (takesSeveral(options)) return [];
  if (choices) return choices[0] ?? null;
  const kind = String(options["widgetType"] ?? type);
  if (kind === "INT" || kind === "FLOAT") return nearZero(options["min"], options["max"]);
  return { BOOLEAN: false, STRING: "" }[kind] ?? null;
}

function nearZero(min: unknown, max: unknown): number {
  return Math.min(Math.max(0, Number(min ?? 0)), Number(max ?? 0) < 0 ? Number(max) : Infinity);
}

/** Which control shows an input. */
export function kindOf(input: InputSpec): Exclude<Widget["kind"], "control"> {
  const { options } = input;
  if (uploadOf(input) === "image") return "image";
  if (input.choices) return "combo";
  switch (String(options["widgetType"] ?? input.type)) {
    case "INT":
      return "int";
    case "FLOAT":
      return "float";
    case "BOOLEAN":
      return "toggle";
    case "COMBO":
      return "combo";
    case "COLOR":
      return "color";
    default:
      return options["multiline"] ? "multiline" : "text";
  }
}
