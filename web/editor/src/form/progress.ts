/** A run that is under way, as the form shows it. */
export interface Progress {
  readonly state: "sending" | "pending" | "running";
  readonly value?: number;
  readonly total?: number;
  /** A picture of unfinished work, as an address. */
  readonly preview?: string;
  /** What a node says of itself. */
  readonly says?: string;
}

/** What the events of `/v1/jobs/ID/events` tell, as far as it is shown. */
export interface Told {
  readonly value?: number;
  readonly total?: number;
  readonly image?: string;
  readonly text?: string;
}

export const EVENTS = ["queued", "started", "node_started", "progress", "preview", "text"] as const;
export type EventName = (typeof EVENTS)[number];

/** A run after one more event. */
export function progressed(run: Progress, event: EventName, told: Told): Progress {
  const { preview } = run;
  const shown = preview === undefined ? {} : { preview };
  switch (event) {
    case "queued":
      return { state: "pending" };
    case "started":
      return { state: "running" }; // after a crash of the worker it is another attempt: from the beginning
    case "node_started":
      return { state: "running", ...shown };
    case "progress":
      return { ...run, state: "running", value: told.value ?? 0, total: told.total ?? 0 };
    case "preview":
      return told.image === undefined ? run : { ...run, state: "running", preview: told.image };
    case "text":
      return told.text === undefined ? run : { ...run, state: "running", says: told.text };
  }
}
