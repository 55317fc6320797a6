import type { Specs } from "../graph/types";
import { diff } from "./comparing";
import { address, json, send } from "./http";
import { bundles, shares, tags, versions } from "./sharing";
import { repeat, submit } from "./submit";
import { templates } from "./templates";
import type { FileInfo, FileRef, Job, JobDetail, JobStatus, NodeAccount, Uploaded } from "./types";
import { userdata } from "./userdata";
import { filesOf, verification, verify } from "./verifying";

export { HttpError } from "./http";

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => json<T>("GET", path, signal ? { signal } : {}),
  post: <T>(path: string, body?: unknown) => json<T>("POST", path, { body }),
  /** A file's text, be it JSON or not. */
  text: async (path: string) => (await send("GET", path)).text(),

  blob: async (path: string) => (await send("GET", path)).blob(),

  objectInfo: () => json<Specs>("GET", "api/object_info"),
  /** What web UIs write into pictures, as a workflow in API format; and what of it is not in that. */
  infotext: (text: string) =>
    json<{ workflow: unknown; left_out: string[] }>("POST", "v1/workflows/infotext", { body: { text } }),
  diff,
  verify,
  verification,
  filesOf,
  submit,
  repeat,
  userdata,
  templates,
  shares,
  bundles,
  versions,
  tags,

  /** Stop what runs; with an id, only if that is it. */
  interrupt: (jobId?: string) =>
    send("POST", "api/interrupt", { body: jobId ? { prompt_id: jobId } : {} }).then(nothing),
  /** Stop a job, or take it out of the queue. */
  cancel: async (jobId: string) =>
    (await json<{ cancelled: boolean }>("POST", `api/jobs/${encodeURIComponent(jobId)}/cancel`)).cancelled,
  /** Take all that waits out of the queue. */
  clearQueue: () => send("POST", "api/queue", { body: { clear: true } }).then(nothing),
  clearHistory: () => send("POST", "api/history", { body: { clear: true } }).then(nothing),
  /** Forget finished jobs; the files that they wrote stay. */
  forget: (jobIds: readonly string[]) => send("POST", "api/history", { body: { delete: jobIds } }).then(nothing),

  /** Jobs, newest first. */
  jobs: async (statuses: readonly JobStatus[] = [], limit = 200) =>
    (await json<{ jobs: Job[] }>("GET", `api/jobs?status=${statuses.join(",")}&limit=${limit}&offset=0`)).jobs,
  job: (jobId: string) => json<JobDetail>("GET", `api/jobs/${encodeURIComponent(jobId)}`),
  /** How each node of a job that ended came by its result. 404 if that is no longer known. */
  explain: async (jobId: string) =>
    (await json<{ nodes: Record<string, NodeAccount> }>("GET", `api/explain/${encodeURIComponent(jobId)}`)).nodes,

  /** Where to fetch a file; `preview` (`webp;80`) is a smaller form of a picture, `channel` its colours without alpha. */
  viewUrl: (file: FileRef, { preview, channel }: { preview?: string; channel?: "rgb" } = {}) =>
    address("api/view", { filename: file.filename, type: file.type, subfolder: file.subfolder, preview, channel }),

  /** Take a file from the server's disk. */
  deleteFile: ({ filename, type, subfolder }: FileRef) =>
    send(
      "DELETE",
      `v1/files?${new URLSearchParams({ filename, type: type ?? "output", subfolder: subfolder ?? "" })}`,
    ).then(nothing),

  /** Put a file into the input folder. */
  upload: (file: File, { subfolder = "", overwrite = false } = {}) => {
    const form = new FormData();
    form.append("type", "input");
    form.append("subfolder", subfolder);
    if (overwrite) form.append("overwrite", "true");
    form.append("image", file, file.name);
    return json<Uploaded>("POST", "api/upload/image", { body: form });
  },
  /** Put a copy of a picture into the input folder, with the alpha of `mask`. */
  uploadMask: (mask: File, original: FileRef, subfolder: string) => {
    const form = new FormData();
    form.append("type", "input");
    form.append("subfolder", subfolder);
    form.append("original_ref", JSON.stringify(original));
    form.append("image", mask, mask.name);
    return json<Uploaded>("POST", "api/upload/mask", { body: form });
  },
};

export type { FileInfo, FileRef, Job, JobDetail };

function nothing(): void {}
