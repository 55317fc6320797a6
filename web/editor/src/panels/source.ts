import { api, HttpError } from "../api/client";
import { workflowIn } from "../graph/metadata";
import type { Shown } from "./viewer_store";

/** Where a picture came from: the workflow as it was edited, and as it ran (API format). */
export interface Source {
  readonly workflow?: unknown;
  readonly prompt?: unknown;
}

/** The source of a job; null if nothing is known of it. Throws `HttpError`. */
export async function sourceOfJob(jobId: string): Promise<Source | null> {
  try {
    const { workflow } = await api.job(jobId);
    return workflow ? { workflow: workflow.extra_data.extra_pnginfo?.workflow, prompt: workflow.prompt } : null;
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return null;
    throw error;
  }
}

/** The source of a picture: of its job, else what is written in the file. Throws `HttpError`. */
export async function sourceOf(shown: Shown): Promise<Source | null> {
  const known = shown.jobId === undefined ? null : await sourceOfJob(shown.jobId);
  if (known) return known;
  const response = await fetch(api.viewUrl(shown));
  if (!response.ok) return null; // the file is gone; the picture's own place says so
  const found = await workflowIn(await response.blob());
  return found && (found.workflow ?? found.prompt) ? found : null;
}
