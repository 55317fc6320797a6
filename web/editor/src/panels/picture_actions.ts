import { api, HttpError } from "../api/client";
import { confirm } from "../files/ask";
import { markGone } from "./gone";
import { openSource } from "./job_actions";
import type { Picture } from "./pictures";
import { sourceOf } from "./source";
import { t } from "./strings";
import { useViewer, type Shown } from "./viewer_store";

/** Open the workflow behind a picture in a new tab; false if there is none. */
export async function openWorkflowBehind(shown: Shown): Promise<boolean> {
  return openSource(await sourceOf(shown), shown.filename.replace(/\.[^.]+$/, ""));
}

/** Delete a picture from the server's disk, if the user really wants that. */
export async function deletePicture(picture: Picture): Promise<void> {
  const { question, yes } = t.pictures;
  if (!(await confirm(t.pictures.delete, question(picture.filename), yes))) return;
  try {
    await api.deleteFile(picture);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 404) throw error; // it was gone already
  }
  markGone(picture);
  useViewer.getState().drop(picture);
}
