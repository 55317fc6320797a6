import { api } from "../api/client";
import type { Job } from "../api/types";
import { clientId } from "../api/ids";
import { openJson } from "../files/open";
import { toast } from "../shell/toast";
import { refreshJobs } from "../store/jobs";
import { loadPictures } from "./job_pictures";
import { sourceOfJob, type Source } from "./source";
import { t } from "./strings";
import { moment } from "./times";
import { useViewer } from "./viewer_store";

/** Open the pictures of a job in the viewer. */
export async function showJob(job: Job): Promise<void> {
  const pictures = await loadPictures(job);
  useViewer.getState().show(
    pictures.map((picture) => ({ ...picture, jobId: job.id })),
    0,
  );
}

/** Open the workflow of a job in a new tab. */
export async function openWorkflowOf(job: Job): Promise<void> {
  await openSource(await sourceOfJob(job.id), moment(job.create_time));
}

/** Open a workflow in a new tab: as it was edited, else as it ran. If there is none, says so and gives false. */
export async function openSource(source: Source | null, name: string): Promise<boolean> {
  const json = source?.workflow ?? source?.prompt;
  if (json) await openJson(json, name);
  else toast(t.queue.noWorkflow, "error");
  return Boolean(json);
}

/** Queue a job once more, exactly as it was, to the outputs that were asked for. */
export async function runAgain(job: Job): Promise<void> {
  const entry = (await api.get<History>(`api/history/${encodeURIComponent(job.id)}`))[job.id];
  if (!entry) return toast(t.queue.noWorkflow, "error");
  const [, , prompt, { create_time: _, client_id: __, ...extra_data }, targets] = entry.prompt;
  const body = { prompt, extra_data, client_id: clientId(), partial_execution_targets: targets };
  await api.post("api/prompt", body);
  await refreshJobs();
}

type History = Readonly<Record<string, { readonly prompt: QueueItem } | undefined>>;
/** Number, id, workflow in API format, what was sent along, and the output nodes. */
type QueueItem = readonly [number, string, unknown, Readonly<Record<string, unknown>>, readonly string[]];
