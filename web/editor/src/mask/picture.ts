import { api } from "../api/client";
import { send } from "../api/http";
import type { ImageRef } from "../widgets/upload";
import { FULL, emptyMask, type Mask } from "./mask";
import { t } from "./strings";

/** A picture as it is shown, without transparency, and the mask that it has: what is transparent is masked. */
export interface Picture {
  readonly shown: ImageBitmap;
  readonly mask: Mask;
}

/** Browsers cannot read it; the server makes another of it, whose transparency is the same. */
const TIFF = "image/tiff";
const AS_WEBP = "webp;100";
const ROWS_AT_ONCE = 256;

export async function openPicture(file: ImageRef, signal: AbortSignal): Promise<Picture> {
  const decoded = await fetched(api.viewUrl(file), signal);
  const mask = maskOf(decoded);
  if (mask.data.every((value) => value === 0)) return { shown: decoded, mask };
  decoded.close(); // a browser does not show the colours below what is transparent
  const shown = await fetched(api.viewUrl(file, { channel: "rgb" }), signal);
  if (shown.width !== mask.width || shown.height !== mask.height) throw new Error(t.sizesDiffer);
  return { shown, mask };
}

async function fetched(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  let blob = await (await send("GET", url, { signal })).blob();
  if (blob.type === TIFF) blob = await (await send("GET", `${url}&preview=${AS_WEBP}`, { signal })).blob();
  return createImageBitmap(blob).catch(() => {
    throw new Error(t.noPicture);
  });
}

/** 1 - alpha, read some rows at a time: all of a large picture would be four times its mask. */
function maskOf(picture: ImageBitmap): Mask {
  const mask = emptyMask(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = mask.width;
  canvas.height = Math.min(ROWS_AT_ONCE, mask.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  for (let y = 0; y < mask.height; y += ROWS_AT_ONCE) {
    const rows = Math.min(ROWS_AT_ONCE, mask.height - y);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, -y);
    const { data } = context.getImageData(0, 0, mask.width, rows);
    for (let at = 0; at < rows * mask.width; at++) mask.data[y * mask.width + at] = FULL - data[at * 4 + 3]!;
  }
  return mask;
}
