import { vi } from "vitest";
import type { EventName } from "./progress";
import type { FormJob, Signature } from "./types";

/** For tests: a workflow, its jobs, and a stream of events whose other end is the test. */

export const WORKFLOW: Signature = {
  name: "mine/cat",
  title: "Cat",
  description: "Draws one.",
  inputs: {
    properties: {
      words: { type: "string", title: "Words: text", default: "a cat", description: "What to draw" },
      seed: { type: "integer", title: "Draw: seed", default: 7 },
      steps: { type: "integer", title: "Draw: steps", default: 20 },
    },
  },
  places: {
    words: { node_id: "2", class_type: "Encode", input: "text" },
    seed: { node_id: "5:1", class_type: "Sampler", input: "seed" },
    steps: { node_id: "5:1", class_type: "Sampler", input: "steps" },
  },
  outputs: { picture: { node_id: "7" } },
};

export function jobOf(id: string, more: Partial<FormJob> = {}): FormJob {
  return {
    id,
    state: "succeeded",
    created: "2026-01-02T03:04:05.000Z",
    seconds: { running: 1.5 },
    inputs: { words: "a dog", seed: 3, steps: 4 },
    outputs: {
      picture: {
        node_id: "7",
        files: [
          {
            filename: `${id}.png`,
            subfolder: "",
            type: "output",
            url: `/view?filename=${id}.png`,
            media_type: "image/png",
          },
        ],
        data: {},
      },
    },
    error: null,
    links: { events: `/v1/jobs/${id}/events` },
    ...more,
  };
}

export class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static made: FakeSource[] = [];
  static get last(): FakeSource {
    return FakeSource.made[FakeSource.made.length - 1]!;
  }

  readyState = 1;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }

  say(name: EventName | FormJob["state"], data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }

  /** The server's answer was no stream. */
  refuse(): void {
    this.close();
    this.onerror?.();
  }
}

export function fakeEvents(): void {
  FakeSource.made = [];
  vi.stubGlobal("EventSource", FakeSource);
}
