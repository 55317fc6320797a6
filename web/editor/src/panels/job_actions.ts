import { api } from "../api/client";
import type { Job } from "../api/types";
import { TAB_KEY } from "../api/submit";
import { openJson } from "../files/open";
import { toast } from "../shell/toast";
import { refreshJobs } from "../store/jobs";
import { activeTab, useWorkspace } from "../store/workspace";
import { loadPictures } from "./job_pictures";
import { showProblems } from "./run_actions";
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

/** Queue a job once more, exactly as it was, in the tab that it came from, or else in a new one with its workflow. */
export async function runAgain(job: Job): Promise<void> {
  const entry = (await api.get<History>(`api/history/${encodeURIComponent(job.id)}`))[job.id];
  if (!entry) return toast(t.queue.noWorkflow, "error");
  const [, , prompt, { create_time: _, client_id: __, ...extra_data }, targets] = entry.prompt;
  const tab = await tabFor(job, extra_data[TAB_KEY]);
  if (tab === null) return; // why is said where it was tried
  if ((await api.repeat(tab, { prompt, extra_data, targets })) === null) showProblems();
  await refreshJobs();
}

/** Go to the tab of a job; null if there is none, and none could be opened. */
async function tabFor(job: Job, named: unknown): Promise<string | null> {
  const { tabs, activate } = useWorkspace.getState();
  const open = tabs.find(({ id }) => id === named);
  if (open) activate(open.id);
  else await openWorkflowOf(job);
  const { id } = activeTab(useWorkspace.getState());
  return open || !tabs.some((tab) => tab.id === id) ? id : null;
}

type History = Readonly<Record<string, { readonly prompt: QueueItem } | undefined>>;
/** Number, id, workflow in API format, what was sent along, and the output nodes. */
type QueueItem = readonly [number, string, Fields, Fields, readonly string[]];
type Fields = Readonly<Record<string, unknown>>;
