import { api, HttpError } from "../api/client";
import { place } from "../api/userdata";
import { address } from "../api/http";
import { picturesOf, type Picture } from "../panels/pictures";
import { useRun } from "../store/run";
import { useWorkspace, type Tab } from "../store/workspace";
import { drawGraph } from "./draw_graph";
import { refreshLibrary, useLibrary } from "./library";
import { thumbnailOf } from "./names";

/** For 2 device pixels per pixel of the largest place that shows one. */
const SIDE_PX = 256;
const QUALITY = 0.8;

/** The address of a workflow's picture; null if there is none. */
export function thumbnailUrl(path: string, thumbnails: Readonly<Record<string, number>>): string | null {
  const at = thumbnailOf(path);
  const made = thumbnails[at];
  return made === undefined ? null : address(place(at), { made }); // another address when it is another picture
}

/** Whenever a run of a saved workflow has made a picture, that stands for it. What comes back ends it. */
export function startThumbnails(): () => void {
  return useRun.subscribe(({ runs }, before) => {
    if (runs === before.runs) return;
    for (const [tab, { state, jobId }] of Object.entries(runs)) {
      const old = before.runs[tab];
      if (state === "succeeded" && old?.jobId === jobId && old.state !== state) void keepThumbnail(tab);
    }
  });
}

/** Make the picture of a saved workflow: what its newest run has made, else a drawing of its nodes if it has no picture. */
export async function keepThumbnail(id: string): Promise<void> {
  const tab = useWorkspace.getState().tabs.find((each) => each.id === id);
  if (!tab || tab.path === null) return;
  const at = thumbnailOf(tab.path);
  try {
    const picture = (await pictureOf(tab)) ?? (at in useLibrary.getState().thumbnails ? null : await drawn(tab));
    if (!picture) return;
    await api.userdata.write(at, picture);
    await refreshLibrary();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error; // the next run makes another
  }
}

/** The picture that the newest run of a workflow has made. */
export function newestPicture(tab: string): Picture | undefined {
  const nodes = Object.entries(useRun.getState().runs[tab]?.nodes ?? {});
  return picturesOf(Object.fromEntries(nodes.map(([id, { output = {} }]) => [id, output])))[0];
}

async function pictureOf(tab: Tab): Promise<Blob | null> {
  const picture = newestPicture(tab.id);
  if (!picture) return null;
  const image = new Image();
  image.src = api.viewUrl(picture);
  try {
    await image.decode();
  } catch {
    return null; // the file is gone, or is no picture that this browser knows
  }
  const scale = Math.min(1, SIDE_PX / Math.max(image.naturalWidth, image.naturalHeight));
  return painted(image.naturalWidth * scale, image.naturalHeight * scale, (pen, width, height) =>
    pen.drawImage(image, 0, 0, width, height),
  );
}

function drawn({ doc }: Tab): Promise<Blob | null> {
  return painted(SIDE_PX, SIDE_PX, (pen, width, height) => drawGraph(pen, doc, width, height));
}

type Paint = (pen: CanvasRenderingContext2D, width: number, height: number) => void;

function painted(width: number, height: number, paint: Paint): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  const pen = canvas.getContext("2d");
  if (!pen) return Promise.resolve(null);
  paint(pen, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/webp", QUALITY));
}
