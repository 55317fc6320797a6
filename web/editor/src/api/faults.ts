import { fieldsIn } from "../graph/entries";
import type { Fault } from "../store/run";
import type { HttpError } from "./http";
import type { Complaint, ExecutionError, NodeErrors } from "./types";

/** Says only that there are faults at nodes. */
const SUMMARY = "prompt_outputs_failed_validation";

/** What a refusal says: first of the whole, then of each node and input. */
export function faultsOf(error: HttpError): Fault[] {
  const { error: whole, node_errors: nodes = {} } = (error.body ?? {}) as {
    error?: Complaint;
    node_errors?: NodeErrors;
  };
  if (typeof whole?.message !== "string") return [{ node: null, input: null, message: error.message, details: "" }];
  const inPlace = nodeFaults(nodes);
  if (whole.type === SUMMARY && inPlace.length > 0) return inPlace;
  return [...[whole, ...othersOf(whole)].map((each) => fault(each, textOrNull(nodeOf(each)))), ...inPlace];
}

/** A complaint about a node whose type nobody has tells of further such nodes. */
function othersOf({ type, extra_info }: Complaint): Complaint[] {
  return fieldsIn(extra_info?.["others"]).map((other) => ({
    type,
    message: String(other["message"]),
    details: String(other["details"]),
    extra_info: other,
  }));
}

function nodeOf({ extra_info }: Complaint): unknown {
  return extra_info?.["node_id"];
}

export function nodeFaults(nodes: NodeErrors): Fault[] {
  return Object.entries(nodes).flatMap(([id, { errors }]) => errors.map((complaint) => fault(complaint, id)));
}

/** A node failed, or was blocked with a message. */
export function failure(error: ExecutionError): Fault {
  return {
    node: error.node_id || null,
    input: null,
    message: error.exception_message.trim() || error.exception_type,
    details: [error.exception_type, ...error.traceback].join("\n").trim(),
  };
}

function fault({ message, details, extra_info }: Complaint, node: string | null): Fault {
  return { node, input: textOrNull(extra_info?.input_name), message, details };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
