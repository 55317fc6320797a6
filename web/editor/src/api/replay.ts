import { parseJson } from "../graph/json";
import { HttpError, send } from "./http";
import type { Track } from "./track";
import { begin, isLive, remembered, runOf, say, showOutput, update } from "./tracks";
import type { FileRef, How } from "./types";

/** What the server's log says of a node. `workflow_node_id` is the node of the workflow that it counts for. */
interface Told {
  readonly at: string;
  readonly node_id: string;
  readonly workflow_node_id: string;
  readonly value?: number;
  readonly total?: number;
  readonly text?: string;
  readonly how?: How;
  readonly files?: readonly (FileRef & { readonly media_type: string })[];
  readonly data?: Readonly<Record<string, readonly unknown[]>>;
}

const QUIET_MS = 300;
const PATIENCE_MS = 5000;

/** Go through what happened in a job that runs. The log goes on with the job; when it falls silent, that was all. */
export async function replay(track: Track): Promise<void> {
  track.missed = true;
  const stop = new AbortController();
  let silence = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const { body } = await send("GET", `v1/jobs/${encodeURIComponent(track.jobId)}/events`, { signal: stop.signal });
    const reader = body!.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearTimeout(silence);
      silence = setTimeout(() => stop.abort(), QUIET_MS);
      const events = (rest + decoder.decode(next.value, { stream: true })).split("\n\n");
      rest = events.pop()!;
      if (isLive(track)) events.forEach((event) => take(track, event));
    }
  } catch (error) {
    if (!stop.signal.aborted && !(error instanceof HttpError)) throw error;
  } finally {
    clearTimeout(silence);
  }
  if (isLive(track) && runOf(track)?.state !== "running") begin(track, Date.now());
}

function take(track: Track, event: string): void {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(event)?.[1];
  const [name, text] = [field("event"), field("data")];
  if (name === undefined || text === undefined) return; // a sign of life
  const told = parseJson(text) as Told;
  const now = Date.parse(told.at);
  if (name === "started") begin(track, now);
  else if (name === "node_started") further(track, told, now);
  else if (name === "progress" && track.isRunning(told.node_id))
    further(track, told, now); // else it was heard to end
  else if (name === "text") say(track, told.node_id, told.text ?? "");
  else if (name === "node_finished") finished(track, told, now);
}

function further(track: Track, { node_id, workflow_node_id, value = 0, total = 1 }: Told, now: number): void {
  track.current = track.canvasId(node_id, workflow_node_id);
  track.runs(node_id, { value, max: total }, now);
  update(track, track.canvasIds(node_id));
}

function finished(track: Track, { node_id, workflow_node_id, how, files = [], data = {} }: Told, now: number): void {
  const at = track.canvasId(node_id, workflow_node_id);
  const ran = track.isRunning(node_id);
  track.ends(node_id, now);
  if (ran) update(track, track.canvasIds(node_id));
  else if (how !== "ran" && node_id === at) remembered(track, [at]);
  const images = files.filter(({ media_type }) => media_type.startsWith("image/"));
  const output = { ...data, ...(images.length > 0 ? { images } : {}) };
  if (Object.keys(output).length > 0) showOutput(track, node_id, output);
}
