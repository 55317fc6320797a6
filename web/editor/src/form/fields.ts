import { randomValue } from "../widgets/control";
import { defaultOf, inputsOf, isControlled, kindOf } from "../graph/inputs";
import type { InputSpec, Specs, Widget } from "../graph/types";
import type { InputPlace, Property, Signature } from "./types";

/** An input of the workflow, by the name that `/v1/jobs` takes. */
export interface Field {
  readonly name: string;
  readonly property: Property;
  readonly place: InputPlace;
}

/** Fields that stand together. `title` is that of their node, or null if the workflow chose them. */
export interface FieldGroup {
  readonly title: string | null;
  readonly fields: readonly Field[];
}

export type Values = Readonly<Record<string, unknown>>;

export function fieldsOf({ inputs, places }: Signature): Field[] {
  return Object.entries(inputs.properties).flatMap(([name, property]) => {
    const place = places[name];
    return place ? [{ name, property, place }] : [];
  });
}

/** Whether the workflow says what its inputs are called. Else all that can be set is there, as `NODE.INPUT`. */
export function isChosen(fields: readonly Field[]): boolean {
  return fields.some(({ name, place }) => name !== `${place.node_id}.${place.input}`);
}

/** What was chosen is one group in its order; else there is one for each node. */
export function groupsOf(fields: readonly Field[]): FieldGroup[] {
  if (isChosen(fields)) return [{ title: null, fields }];
  const groups = new Map<string, Field[]>();
  for (const field of fields) groups.set(field.place.node_id, [...(groups.get(field.place.node_id) ?? []), field]);
  return [...groups.values()].map((group) => ({ title: nodeTitle(group[0]!), fields: group }));
}

/** What is written beside a field. */
export function labelOf({ name, place }: Field, group: FieldGroup): string {
  return group.title === null ? name : place.input;
}

/** What the node type says of the input; if the server has no such type, what the workflow's schema does. */
export function inputOf({ place, property }: Field, specs: Specs): InputSpec {
  const spec = specs[place.class_type];
  const declared = spec && inputsOf(spec).find(({ name, isWidget }) => isWidget && name === place.input);
  return declared ?? fromSchema(place.input, property);
}

export function widgetOf(input: InputSpec, value: unknown): Widget {
  return { name: input.name, index: 0, kind: kindOf(input), spec: input, value, linked: false };
}

/** What the fields hold at first: the workflow's values. */
export function initialValues(fields: readonly Field[], specs: Specs): Values {
  return Object.fromEntries(
    fields.map((field) => [field.name, field.property.default ?? defaultOf(inputOf(field, specs))]),
  );
}

/** Whether it is a number that makes another picture of the same inputs. */
export function isSeed(input: InputSpec): boolean {
  return !input.choices && isControlled(input);
}

export function seedNames(fields: readonly Field[], specs: Specs): string[] {
  return fields.filter((field) => isSeed(inputOf(field, specs))).map(({ name }) => name);
}

/** The values with another number for each of these seeds. */
export function rolled(fields: readonly Field[], values: Values, seeds: ReadonlySet<string>, specs: Specs): Values {
  const next = fields
    .filter(({ name }) => seeds.has(name))
    .map((field) => [field.name, randomValue(widgetOf(inputOf(field, specs), values[field.name]))] as const);
  return { ...values, ...Object.fromEntries(next) };
}

/** What of a run's inputs has a field, over what the fields hold at first. */
export function valuesOfRun(fields: readonly Field[], inputs: Values, specs: Specs): Values {
  const known = fields.filter(({ name }) => name in inputs).map(({ name }) => [name, inputs[name]] as const);
  return { ...initialValues(fields, specs), ...Object.fromEntries(known) };
}

/** What is sent: a field without a value is left out, so that the server says what it wants there. */
export function given(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
}

/** The schema has `TITLE: INPUT`. */
function nodeTitle({ property, place }: Field): string {
  return property.title?.slice(0, -`: ${place.input}`.length) || place.class_type;
}

const TYPES: Readonly<Record<string, string>> = { integer: "INT", number: "FLOAT", boolean: "BOOLEAN" };

function fromSchema(
  name: string,
  { type = "", default: value, enum: one, items, minimum, maximum }: Property,
): InputSpec {
  const choices = one ?? items?.enum;
  const options = {
    ...(minimum === undefined ? {} : { min: minimum }),
    ...(maximum === undefined ? {} : { max: maximum }),
    ...(items?.enum ? { multiselect: true } : {}),
  };
  const kind = choices ? "COMBO" : (TYPES[type] ?? TYPES[typeof value] ?? "STRING");
  return { name, type: kind, optional: false, options, isWidget: true, ...(choices ? { choices } : {}) };
}
