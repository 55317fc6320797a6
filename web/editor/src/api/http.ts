import { jsonText, parseJson } from "../graph/json";

/** A request that was refused, or (`status` 0) could not be made. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  constructor(
    message: string,
    readonly status: number,
    /** The answer as it came: parsed if it was JSON. */
    readonly body: unknown,
  ) {
    super(message);
  }
}

export interface Sending {
  /** Sent as it is if it is text, a form or a file, else as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An address on the server: relative to the page's, so that it is right below a prefix too. */
export function address(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const url = new URL(path.replace(/^\/+/, ""), document.baseURI);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url.href;
}

/** Ask the server. The page's cookie goes along. Throws `HttpError`. */
export async function send(method: string, path: string, { body, signal, headers }: Sending = {}): Promise<Response> {
  const asIs = body === undefined || typeof body === "string" || body instanceof Blob || body instanceof FormData;
  const init: RequestInit = { method, credentials: "same-origin", headers: { ...headers } };
  if (body !== undefined) init.body = asIs ? body : jsonText(body);
  if (!asIs) init.headers = { ...headers, "Content-Type": "application/json" };
  if (signal) init.signal = signal;
  let response: Response;
  try {
    response = await fetch(address(path), init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new HttpError("The server cannot be reached", 0, null);
  }
  if (!response.ok) throw await refused(response);
  return response;
}

/** Ask for JSON; null if the answer is empty. */
export async function json<T>(method: string, path: string, sending: Sending = {}): Promise<T> {
  const text = await (await send(method, path, sending)).text();
  return (text === "" ? null : parseJson(text)) as T;
}

async function refused(response: Response): Promise<HttpError> {
  const text = await response.text();
  const body = parsed(text);
  return new HttpError(
    complaintIn(body) ?? (response.statusText || `status ${response.status}`),
    response.status,
    body,
  );
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text; // some refusals are plain text
  }
}

/** The server says `{"error": {"message", "details"}}`, `{"error": "..."}`, or plain text. */
function complaintIn(body: unknown): string | null {
  if (typeof body === "string") return body.length > 0 && body.length < 500 ? body : null;
  const error = (body as { error?: unknown } | null)?.error;
  if (typeof error === "string") return error;
  const { message, details } = (error ?? {}) as { message?: unknown; details?: unknown };
  if (typeof message !== "string") return null;
  return typeof details === "string" && details !== "" && details !== message ? `${message}: ${details}` : message;
}
