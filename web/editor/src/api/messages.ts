import { refreshJobsSoon } from "../store/jobs";
import { changeNodes, useRun } from "../store/run";
import { conclude } from "./accounts";
import type { PreviewFrame, TextFrame } from "./frames";
import type { Track } from "./track";
import { allTracks, begin, drop, end, fail, remembered, runOf, say, showOutput, trackOf, update } from "./tracks";
import type { ExecutionError, NodeOutput } from "./types";

interface NodeState {
  readonly value: number;
  readonly max: number;
  readonly state: "running" | "finished" | "error" | "pending";
  readonly display_node_id?: string | null;
}

/** What each message says; one of a job has its `prompt_id`. */
interface Told {
  status: { readonly status: { readonly exec_info: { readonly queue_remaining: number } } };
  execution_start: { readonly timestamp: number };
  execution_cached: { readonly nodes: readonly string[] };
  executing: { readonly node: string | null; readonly display_node?: string };
  progress: { readonly node: string; readonly value: number; readonly max: number };
  progress_state: { readonly nodes: Readonly<Record<string, NodeState>> };
  executed: { readonly node: string; readonly display_node?: string; readonly output: NodeOutput | null };
  execution_success: { readonly timestamp: number };
  execution_error: ExecutionError;
  execution_interrupted: { readonly timestamp: number };
}

const ofJobs: { [Type in Exclude<keyof Told, "status">]: (track: Track, told: Told[Type]) => void } = {
  execution_start: (track, { timestamp }) => begin(track, timestamp),
  execution_cached: (track, { nodes }) =>
    remembered(
      track,
      nodes.flatMap((id) => track.canvasIds(id)),
    ),
  executing,
  progress: (track, { node, value, max }) => {
    track.runs(node, { value, max }, Date.now());
    update(track, track.canvasIds(node));
  },
  progress_state: progressState,
  executed: (track, { node, display_node, output }) => {
    track.canvasId(node, display_node);
    if (output) showOutput(track, node, output);
  },
  execution_success: (track, { timestamp }) => end(track, "succeeded", timestamp),
  execution_error: fail,
  execution_interrupted: (track, { timestamp }) => end(track, "cancelled", timestamp),
};

/** Take in a message of the server. Those of jobs that no tab here waits for say nothing to us, nor do unknown ones. */
export function hear({ type, data }: { readonly type: string; readonly data: unknown }): void {
  if (type === "status") {
    useRun.setState({ remaining: (data as Told["status"]).status.exec_info.queue_remaining });
    refreshJobsSoon();
    return;
  }
  if (!Object.hasOwn(ofJobs, type)) return;
  const { prompt_id } = data as { prompt_id?: string };
  const track = prompt_id === undefined ? onlyRunning() : trackOf(prompt_id);
  if (track) (ofJobs[type as keyof typeof ofJobs] as (track: Track, told: unknown) => void)(track, data);
}

/** Show a picture of unfinished work. It is for the node that runs, and lost if that has just ended. */
export function seePreview({ image, jobId, node, shownAt }: PreviewFrame): void {
  const track = jobId === undefined ? onlyRunning() : trackOf(jobId);
  if (!track) return;
  const current = track.current === null ? [] : [track.current];
  for (const at of node === undefined ? current : track.canvasIds(node, shownAt)) {
    const before = runOf(track)?.nodes[at];
    if (before?.state === "running")
      changeNodes(track.tab, { [at]: { ...before, preview: URL.createObjectURL(image) } });
  }
}

/** A node says how it goes, in words; of the jobs that are at such a node, it is the one that began last. */
export function hearText({ node, text }: TextFrame): void {
  const there = allTracks().filter((track) => track.begun && track.isRunning(node));
  const newest = there[there.length - 1];
  if (newest) say(newest, node, text);
}

/** After reconnecting, the server names the running node without its job. */
function onlyRunning(): Track | undefined {
  const running = allTracks().filter((track) => track.begun);
  return running.length === 1 ? running[0] : undefined;
}

function executing(track: Track, { node, display_node }: Told["executing"]): void {
  if (node === null) {
    drop(track);
    void conclude(track);
    return;
  }
  track.current = track.canvasId(node, display_node);
  if (!track.isRunning(node)) track.runs(node, { value: 0, max: 1 }, Date.now());
  update(track, track.canvasIds(node));
}

/** Nodes that are not in it are as they were: of a large job, only those are told that changed, and that run. */
function progressState(track: Track, { nodes }: Told["progress_state"]): void {
  const changed = new Set<string>();
  for (const [id, { state, value, max, display_node_id }] of Object.entries(nodes)) {
    track.canvasIds(id, display_node_id).forEach((at) => changed.add(at));
    if (state === "running") track.runs(id, { value, max }, Date.now());
    else track.ends(id, Date.now());
  }
  update(track, changed);
}
