import { LISTED, refreshJobs, useJobs } from "../store/jobs";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { conclude } from "./accounts";
import { api } from "./client";
import { expectedNodes } from "./expected";
import { HttpError } from "./http";
import { clientId } from "./ids";
import { replay } from "./replay";
import { TAB_KEY } from "./submit";
import type { Track } from "./track";
import { accepted, allTracks, begin, drop, end, expectJob, fail, isLive, isUnderWay, runOf, trackOf } from "./tracks";
import type { JobDetail } from "./types";

/** Its place, its id, its workflow, what came along with it, and the output nodes to run. */
type QueueItem = readonly [number, string, unknown, Readonly<Record<string, unknown>>, readonly string[]];

/** Find out what happened while nothing was heard: jobs of this page that run, wait or have ended meanwhile. */
export async function resync(): Promise<void> {
  const listed = refreshJobs();
  const waitedFor = allTracks().filter((track) => track.accepted);
  const queue = await api.get<{ queue_running: QueueItem[]; queue_pending: QueueItem[] }>("api/queue");
  const caughtUp: Promise<void>[] = [listed];
  for (const item of queue.queue_running) {
    const track = trackOf(item[1]) ?? adopted(item);
    if (track) caughtUp.push(replay(track));
  }
  queue.queue_pending.forEach((item) => trackOf(item[1]) ?? adopted(item));
  const known = new Set([...queue.queue_running, ...queue.queue_pending].map(([, id]) => id));
  for (const track of waitedFor.filter(({ jobId }) => !known.has(jobId))) await lookUp(track); // the newest last
  await Promise.all(caughtUp);
}

/** Look after jobs that were taken out of the queue: nothing is said of those. Return what stops that. */
export function followQueue(): () => void {
  return useJobs.subscribe(({ queue }, before) => {
    if (queue === before.queue || queue.length >= LISTED) return; // beyond that, who is missing cannot be told
    const waiting = new Set(queue.map(({ id }) => id));
    const missing = allTracks().filter((track) => track.accepted && !track.begun && !waiting.has(track.jobId));
    void Promise.all(missing.map(lookUp));
  });
}

/** Wait for a job that this page asked for before it was loaded again. */
function adopted([, id, , extra]: QueueItem): Track | undefined {
  const tab = useWorkspace.getState().tabs.find((tab) => tab.id === extra[TAB_KEY]);
  if (!tab || extra.client_id !== clientId()) return undefined;
  const track = expectJob(id, tab.id, expectedNodes(tab.doc, useSpecs.getState().specs));
  accepted(track, []);
  return track;
}

/** See what became of a job that is neither running nor waiting. */
async function lookUp(track: Track): Promise<void> {
  let job: JobDetail | null;
  try {
    job = await api.job(track.jobId);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 404) return; // the server is gone: asked again when it is back
    job = null; // it was taken out of the queue
  }
  if (!isLive(track) || job?.status === "pending" || job?.status === "in_progress") return;
  drop(track);
  const endedAt = job?.execution_end_time ?? Date.now();
  if (!job || job.status === "cancelled") {
    end(track, "cancelled", endedAt);
    return;
  }
  if (!runOf(track)) {
    if (isUnderWay(track.tab)) return; // there are newer things to show
    begin(track, job.execution_start_time ?? endedAt);
  }
  if (job.execution_error) fail(track, job.execution_error);
  end(track, job.status === "completed" ? "succeeded" : "failed", endedAt);
  track.missed = true;
  await conclude(track);
}
