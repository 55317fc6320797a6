import { loadDoc } from "../graph/load";
import { showRun, useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { conclude } from "./accounts";
import { api } from "./client";
import { expectedNodes } from "./expected";
import { HttpError } from "./http";
import { accepted, drop, expectJob, fail, showOutput, trackOf } from "./tracks";
import type { JobDetail } from "./types";

const STATES = { completed: "succeeded", failed: "failed", cancelled: "cancelled" } as const;

/** Show again what the job of a tab that was brought back has made, or wait for it. Not in the place of a newer one. */
export async function restoreRun(tab: string, jobId: string): Promise<void> {
  if (hasRun(tab)) return;
  let job: JobDetail;
  try {
    job = await api.job(jobId);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return; // it has been forgotten; or the server is away, and this is done once more when it is back
  }
  const open = useWorkspace.getState().tabs.find(({ id }) => id === tab);
  if (!open || hasRun(tab) || trackOf(jobId)) return;
  if (job.status === "pending" || job.status === "in_progress") {
    accepted(expectJob(jobId, tab, expectedNodes(open.doc, useSpecs.getState().specs)), []);
    return;
  }
  const workflow = job.workflow?.extra_data.extra_pnginfo?.workflow;
  const track = expectJob(jobId, tab, new Set(), workflow ? loadDoc(workflow) : open.doc);
  drop(track); // nothing more will be heard of it
  const times = { startedAt: job.execution_start_time ?? 0, endedAt: job.execution_end_time ?? 0 };
  showRun(tab, { jobId, state: STATES[job.status], nodes: {}, ...times });
  for (const [node, output] of Object.entries(job.outputs ?? {})) showOutput(track, node, output);
  if (job.execution_error) fail(track, job.execution_error);
  await conclude(track);
}

function hasRun(tab: string): boolean {
  return useRun.getState().runs[tab] !== undefined;
}
