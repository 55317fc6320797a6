import { address, HttpError } from "../api/http";
import { parseJson } from "../graph/json";
import { EVENTS, type EventName, type Told } from "./progress";
import { server } from "./server";
import type { FormJob } from "./types";

const ENDS = ["succeeded", "failed", "cancelled"] as const;
const AGAIN_MS = 2000;

export interface Follower {
  onEvent(name: EventName, told: Told): void;
  onEnd(job: FormJob): void;
  /** The server no longer knows the job. */
  onGone(error: HttpError): void;
}

/** Hear what happens in a job until it has ended; what comes back stops that. Where the line is cut, it goes on there. */
export function follow(job: Pick<FormJob, "id" | "links">, follower: Follower): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    source?.close();
  };
  const end = (ended: FormJob) => {
    if (stopped) return;
    stop();
    follower.onEnd(ended);
  };
  const listen = () => {
    source = new EventSource(address(job.links.events, { previews: 1 }));
    for (const name of EVENTS) source.addEventListener(name, ({ data }) => follower.onEvent(name, read(data) as Told));
    for (const name of ENDS) source.addEventListener(name, ({ data }) => end(read(data) as FormJob));
    source.onerror = () => {
      // The browser tries again by itself, but for an answer that is no stream.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(() => void lookAgain(), AGAIN_MS);
    };
  };
  const lookAgain = async () => {
    try {
      const now = await server.job(job.id);
      if (now.state === "pending" || now.state === "running") {
        if (!stopped) listen();
      } else end(now);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (stopped) return;
      if (error.status === 404) {
        stop();
        follower.onGone(error);
      } else timer = setTimeout(() => void lookAgain(), AGAIN_MS);
    }
  };

  listen();
  return stop;
}

function read(data: unknown): unknown {
  return parseJson(String(data));
}
