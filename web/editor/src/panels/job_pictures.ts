import { create } from "zustand";
import { api } from "../api/client";
import type { Job } from "../api/types";
import { isGone, keyOf, type Gone } from "./gone";
import { asPicture, isAside, picturesOf, type Picture } from "./pictures";
import type { Shown } from "./viewer_store";

type Loaded = Readonly<Record<string, readonly Picture[]>>;

/** All pictures of the jobs that were looked at; the list of jobs names one of each. */
export const useJobPictures = create<{ readonly loaded: Loaded }>()(() => ({ loaded: {} }));

/** What is known of a job's pictures without asking. */
export function knownPictures(job: Job, loaded: Loaded): readonly Picture[] {
  const known = loaded[job.id];
  if (known) return known;
  const preview = asPicture(job.preview_output, job.preview_output?.nodeId);
  return preview ? [preview] : [];
}

/**
 * The pictures of jobs that are still there, one after the other, each once: a job whose results were remembered shows an
 * older picture. What was only made to verify another is left out.
 */
export function shownOf(jobs: readonly Job[], loaded: Loaded, gone: Gone): Shown[] {
  const byFile = new Map<string, Shown>();
  for (const job of jobs) {
    for (const picture of knownPictures(job, loaded)) {
      const key = keyOf(picture);
      if (!byFile.has(key) && !isAside(picture) && !isGone(gone, picture, job.execution_start_time))
        byFile.set(key, { ...picture, jobId: job.id });
    }
  }
  return [...byFile.values()];
}

const asked = new Map<string, Promise<readonly Picture[]>>();

/** All pictures of a job that has ended; asked for once. */
export function loadPictures(job: Job): Promise<readonly Picture[]> {
  if (job.previewable_outputs_count <= 1) return Promise.resolve(knownPictures(job, {}));
  let answer = asked.get(job.id);
  if (!answer) {
    answer = load(job.id);
    answer.catch(() => asked.delete(job.id)); // another look may have more luck
    asked.set(job.id, answer);
  }
  return answer;
}

async function load(jobId: string): Promise<readonly Picture[]> {
  const pictures = picturesOf((await api.job(jobId)).outputs ?? {});
  useJobPictures.setState(({ loaded }) => ({ loaded: { ...loaded, [jobId]: pictures } }));
  return pictures;
}

/** The address of a small form of a picture, for lists. */
export function thumbnailUrl(picture: Picture): string {
  return api.viewUrl(picture, { preview: "webp;70" });
}
