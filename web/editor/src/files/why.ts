import { HttpError } from "../api/client";
import { NotAWorkflow } from "../graph/load";

/** What is to be told of an error that a file, the server or the network is to blame for. Throws what is a bug of ours. */
export function whyOf(error: unknown): string {
  if (error instanceof HttpError || error instanceof NotAWorkflow || error instanceof Unusable) return error.message;
  throw error;
}

/** A file, or the server, is not what it has to be. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}
