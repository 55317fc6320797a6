/** For tests: a server that a page talks to, which is not there. */
import { vi } from "vitest";
import { jsonText, parseJson } from "../graph/json";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Answer = unknown | Response;
type Route = Answer | ((request: Request) => Answer | Promise<Answer>);

/** Answer `fetch` by routes such as `GET /api/jobs`, whatever the query. Unknown routes are 404. Gives what was asked. */
export function fakeServer(routes: Record<string, Route>): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const { pathname, search } = new URL(url);
    const body = typeof init.body === "string" && init.body.startsWith("{") ? parseJson(init.body) : init.body;
    const request = { method: init.method ?? "GET", path: pathname + search, body: body as unknown };
    asked.push(request);
    const route = routes[`${request.method} ${pathname}`];
    if (route === undefined) return reply({ error: "there is no such thing" }, 404);
    const answer = typeof route === "function" ? await (route as (request: Request) => unknown)(request) : route;
    return answer instanceof Response ? answer : reply(answer);
  });
  return asked;
}

export function reply(body: unknown, status = 200): Response {
  return new Response(jsonText(body), { status });
}

export const NO_JOBS = { jobs: [], pagination: {} };
export const EMPTY_SERVER = {
  "GET /api/jobs": NO_JOBS,
  "GET /api/queue": { queue_running: [], queue_pending: [] },
  "GET /api/object_info": {},
};

/** A socket whose other end is the test. */
export class FakeSocket {
  static made: FakeSocket[] = [];
  static get last(): FakeSocket {
    return FakeSocket.made[FakeSocket.made.length - 1]!;
  }

  binaryType = "blob";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  say(type: string, data: unknown): void {
    this.onmessage?.({ data: JSON.stringify({ type, data }) });
  }
}

/** A preview as the server sends it, event 4. */
export function previewFrame(metadata: object, image: Uint8Array = new Uint8Array([255, 216, 255])): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(metadata));
  const frame = new Uint8Array(8 + text.length + image.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 4);
  view.setUint32(4, text.length);
  frame.set(text, 8);
  frame.set(image, 8 + text.length);
  return frame.buffer;
}

/** Object URLs, which jsdom lacks: the set of those that are not let go of yet. */
export function fakeObjectUrls(): Set<string> {
  const kept = new Set<string>();
  let count = 0;
  URL.createObjectURL = () => {
    const url = `blob:${++count}`;
    kept.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => void kept.delete(url);
  return kept;
}
