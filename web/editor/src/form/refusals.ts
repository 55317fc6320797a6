import type { HttpError } from "../api/http";
import type { Complaint, NodeErrors } from "../api/types";
import type { Field } from "./fields";

/** What is wrong with a form: at its fields, by their names, and as a whole. */
export interface Refusals {
  readonly fields: Readonly<Record<string, string>>;
  readonly whole: readonly string[];
}

export const NONE: Refusals = { fields: {}, whole: [] };

/** What a refusal of the server says, each part at the field that it is about. */
export function refusalsOf(error: HttpError, fields: readonly Field[]): Refusals {
  const { node_errors: nodes } = (error.body ?? {}) as { node_errors?: NodeErrors };
  const found = Object.entries(nodes ?? {}).flatMap(([id, { errors }]) => errors.map((each) => ({ id, each })));
  if (found.length === 0) return { fields: {}, whole: [error.message] };
  const atField: Record<string, string> = {};
  const whole: string[] = [];
  for (const { id, each } of found) {
    const input = each.extra_info?.["input_name"];
    const field = fields.find(({ place }) => place.node_id === id && place.input === input);
    if (field) atField[field.name] = [atField[field.name], textOf(each)].filter(Boolean).join(". ");
    else whole.push(textOf(each));
  }
  return { fields: atField, whole };
}

function textOf({ message, details }: Complaint): string {
  return details && !message.includes(details) ? `${message}: ${details}` : message;
}
