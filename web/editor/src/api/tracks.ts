import { forgetAccounts } from "../store/explain";
import type { Fault, NodeRun, TabRun } from "../store/run";
import { emptyDoc } from "../graph/ops";
import { isSilent } from "../graph/probes";
import type { Doc } from "../graph/types";
import { addFaults, forgetFaults, replaceFaults } from "../store/faults";
import { changeNodes, forgetRuns, showRun, useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { failure } from "./faults";
import { Track } from "./track";
import type { ExecutionError, NodeOutput } from "./types";

/** The jobs that tabs of this page wait for. */
const tracks = new Map<string, Track>();

export function trackOf(jobId: string): Track | undefined {
  return tracks.get(jobId);
}

export function allTracks(): Track[] {
  return [...tracks.values()];
}

/** A job is on its way to the server. The first that is heard of it may come before the answer. */
export function expectJob(
  jobId: string,
  tab: string,
  expected: ReadonlySet<string>,
  doc: Doc = docOf(tab) ?? emptyDoc(),
): Track {
  const track = new Track(jobId, tab, expected, doc);
  tracks.set(jobId, track);
  useRun.setState(({ tabOf }) => ({ tabOf: { ...tabOf, [jobId]: tab } }));
  return track;
}

/** The server has taken a job. It is shown, unless one is under way that was there before. */
export function accepted(track: Track, rejected: readonly Fault[]): void {
  track.accepted = true;
  track.rejected = rejected;
  if (!isOpen(track.tab)) return;
  if (track.begun) addFaults(track.tab, rejected, track.doc);
  else replaceFaults(track.tab, rejected, track.doc);
  if (isLive(track) && !track.begun && !isUnderWay(track.tab)) show(track, { state: "pending" });
}

/** The server did not take it. */
export function refused(track: Track, faults: readonly Fault[]): void {
  drop(track);
  useRun.setState(({ tabOf: { [track.jobId]: _, ...others } }) => ({ tabOf: others }));
  if (isOpen(track.tab)) replaceFaults(track.tab, faults, track.doc);
}

/** A job starts, or starts once more. */
export function begin(track: Track, startedAt: number): void {
  track.begin();
  replaceFaults(track.tab, track.rejected, track.doc);
  show(track, { state: "running", startedAt });
}

/** A job has ended. What did not come to its end is as it was before, for all one can tell. */
export function end(track: Track, state: "succeeded" | "failed" | "cancelled", endedAt: number): void {
  const run = runOf(track);
  if (!run || run.endedAt !== undefined) return;
  const changes: Record<string, NodeRun | undefined> = {};
  for (const [id, node] of Object.entries(run.nodes)) {
    if (node.state !== "waiting" && node.state !== "running") continue;
    const finished = node.state === "running" && state === "succeeded";
    changes[id] = finished ? withState("done", node) : kept(node);
  }
  changeNodes(track.tab, changes);
  showRun(track.tab, { ...useRun.getState().runs[track.tab]!, state, endedAt });
}

/** A node failed, and with it the job; or it was only blocked, which has no time, and the job goes on. */
export function fail(track: Track, error: ExecutionError): void {
  const fault = failure(error);
  addFaults(track.tab, [fault], track.doc);
  const run = runOf(track);
  const seen = fault.node === null ? [] : track.canvasIds(fault.node);
  if (run) changeNodes(track.tab, Object.fromEntries(seen.map((id) => [id, withState("error", run.nodes[id])])));
  if (error.timestamp !== undefined) end(track, "failed", error.timestamp);
}

/** A node has something to show. */
export function showOutput(track: Track, node: string, output: NodeOutput): void {
  const run = runOf(track);
  if (!run || isSilent(node)) return;
  const shown = track
    .canvasIds(node)
    .map((at) => [at, { state: "done", ...run.nodes[at], output: track.shows(at, node, output) }] as const);
  changeNodes(track.tab, Object.fromEntries(shown));
}

/** Nodes have their result without having run. */
export function remembered(track: Track, canvasIds: Iterable<string>): void {
  const run = runOf(track);
  if (!run) return;
  const nodes = [...new Set(canvasIds)].map((id) => [id, withState("cached", run.nodes[id])] as const);
  changeNodes(track.tab, Object.fromEntries(nodes));
}

/** Jobs were taken out of the queue: nothing is heard of those that had not begun. Without ids, it was all that waited. */
export function takenOut(jobIds: readonly string[] = allTracks().map(({ jobId }) => jobId)): void {
  for (const track of jobIds.flatMap((id) => trackOf(id) ?? [])) {
    if (track.begun || !track.accepted) continue;
    drop(track);
    end(track, "cancelled", Date.now());
  }
}

/** Nothing more will be heard of a job. */
export function drop(track: Track): void {
  if (isLive(track)) tracks.delete(track.jobId);
}

/** Whether something may still be heard of a job. */
export function isLive(track: Track): boolean {
  return tracks.get(track.jobId) === track;
}

/** The run of a job, if its tab shows that. */
export function runOf(track: Track): TabRun | undefined {
  const run = useRun.getState().runs[track.tab];
  return run?.jobId === track.jobId ? run : undefined;
}

/** Whether what a tab shows has yet to end. */
export function isUnderWay(tab: string): boolean {
  const state = useRun.getState().runs[tab]?.state;
  return state === "pending" || state === "running";
}

/** Put nodes of a job's run into the state that they have by now. */
export function update(track: Track, canvasIds: Iterable<string>): void {
  const run = runOf(track);
  if (!run) return;
  changeNodes(track.tab, Object.fromEntries([...canvasIds].map((id) => [id, track.stateOf(id, run.nodes[id])])));
}

/** Forget what closed tabs were waiting for; their jobs go on. Return what stops that. */
export function followTabs(): () => void {
  return useWorkspace.subscribe(({ tabs }, before) => {
    if (tabs === before.tabs) return;
    const open = new Set(tabs.map(({ id }) => id));
    for (const { id } of before.tabs.filter((tab) => !open.has(tab.id))) {
      allTracks()
        .filter((track) => track.tab === id)
        .forEach(drop);
      forgetRuns(id);
      forgetFaults(id);
      forgetAccounts(id);
    }
  });
}

/** A node that runs says how it goes. */
export function say(track: Track, node: string, says: string): void {
  for (const at of track.canvasIds(node)) {
    const before = runOf(track)?.nodes[at];
    if (before?.state === "running") changeNodes(track.tab, { [at]: { ...before, says } });
  }
}

function isOpen(tab: string): boolean {
  return docOf(tab) !== undefined;
}

function docOf(tab: string): Doc | undefined {
  return useWorkspace.getState().tabs.find(({ id }) => id === tab)?.doc;
}

/** Show a job's run from its beginning. Pictures of the run before stay on their nodes until there are others. */
function show(track: Track, state: Pick<TabRun, "state" | "startedAt">): void {
  const before = useRun.getState().runs[track.tab]?.nodes ?? {};
  const nodes: Record<string, NodeRun> = {};
  for (const [id, node] of Object.entries(before)) {
    const left = kept(node);
    if (left) nodes[id] = left;
  }
  for (const id of track.expected) nodes[id] = { ...nodes[id], state: "waiting" };
  showRun(track.tab, { jobId: track.jobId, nodes, ...state });
}

/** What is left of a node when its run is over without it. */
function kept(node: NodeRun): NodeRun | undefined {
  return node.output && withState("done", node);
}

/** A node's state without what belonged to the one before; what it showed stays. */
function withState(state: NodeRun["state"], before: NodeRun | undefined): NodeRun {
  return { state, ...(before?.output ? { output: before.output } : {}) };
}
