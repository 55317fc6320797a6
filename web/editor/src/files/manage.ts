import { api } from "../api/client";
import { toast } from "../shell/toast";
import { confirm } from "./ask";
import { askName } from "./ask_name";
import { refreshLibrary, useLibrary, type Trashed } from "./library";
import { pathOf, placeOf, thumbnailOf, trashOf } from "./names";
import { files as text } from "./strings";
import { follow } from "./version";
import { whyOf } from "./why";
import { unlessTaken } from "./write";

/** Give a workflow of the library another name, which is asked for; tabs that have it open go along. */
export async function renameSaved(path: string): Promise<void> {
  const name = await askName(text.renameTitle, placeOf(path), text.renameYes);
  if (!name || pathOf(name) === path) return;
  await attempt(
    () => moved(path, pathOf(name)),
    (why) => text.notRenamed(placeOf(path), why),
  );
}

/** Put a workflow of the library into its trash, after asking; tabs that have it open keep it, unsaved. */
export async function removeSaved(path: string): Promise<void> {
  const name = placeOf(path);
  if (!(await confirm(text.deleteTitle(name), text.deleteText, text.delete))) return;
  const trashed = { path: trashOf(path, Date.now()), place: name, deleted: Date.now() };
  await attempt(
    async () => {
      await api.userdata.move(path, trashed.path);
      follow(path, null);
      toast(text.deleted(name), "ok", { label: text.undo, run: () => putBack(trashed) });
    },
    (why) => text.notDeleted(name, why),
  );
}

/** Take a workflow out of the trash, to where it was. */
export async function putBack({ path, place }: Trashed): Promise<void> {
  await attempt(
    async () => {
      if (await unlessTaken(place, (overwrite) => api.userdata.move(path, pathOf(place), { overwrite })))
        toast(text.restored(place), "ok");
    },
    (why) => text.notRestored(place, why),
  );
}

/** Delete what is in the trash: now it is gone. */
export async function emptyTrash(trash: readonly Trashed[]): Promise<void> {
  if (!(await confirm(text.purgeTitle(trash.length), text.purgeText, text.purge))) return;
  const { files, thumbnails } = useLibrary.getState();
  const inUse = new Set(files.map(({ path }) => path));
  await attempt(
    async () => {
      for (const { path, place } of trash) {
        await api.userdata.remove(path);
        const picture = thumbnailOf(pathOf(place));
        if (picture in thumbnails && !inUse.has(pathOf(place))) await api.userdata.remove(picture);
      }
    },
    (why) => text.notDeleted(text.trash, why),
  );
}

async function moved(path: string, to: string): Promise<void> {
  if (!(await unlessTaken(placeOf(to), (overwrite) => api.userdata.move(path, to, { overwrite })))) return;
  follow(to, null); // what lay there was replaced
  follow(path, to);
  if (thumbnailOf(path) in useLibrary.getState().thumbnails)
    await api.userdata.move(thumbnailOf(path), thumbnailOf(to), { overwrite: true });
}

async function attempt(task: () => Promise<void>, complaint: (why: string) => string): Promise<void> {
  try {
    await task();
  } catch (error) {
    toast(complaint(whyOf(error)), "error");
  }
  await refreshLibrary();
}
