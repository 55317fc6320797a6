const ASCII = 2;
const ENTRY_BYTES = 12;

/** The texts in a WebP's EXIF, each written `key:text`, by key in small letters; null if it is no WebP. */
export function webpTexts(bytes: Uint8Array): Map<string, string> | null {
  if (latin(bytes, 0, 4) !== "RIFF" || latin(bytes, 8, 12) !== "WEBP") return null;
  const exif = exifChunk(bytes);
  const texts = new Map<string, string>();
  for (const text of exif ? asciiEntries(exif) : []) {
    const colon = text.indexOf(":");
    if (colon > 0) texts.set(text.slice(0, colon).toLowerCase(), text.slice(colon + 1));
  }
  return texts;
}

function exifChunk(bytes: Uint8Array): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (latin(bytes, at, at + 4) === "EXIF") return latin(data, 0, 6) === "Exif\0\0" ? data.subarray(6) : data;
    at += 8 + length + (length % 2); // chunks begin at even places
  }
  return null;
}

/** The texts of the first directory of a TIFF header. */
function asciiEntries(tiff: Uint8Array): string[] {
  if (tiff.length < 8) return [];
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = latin(tiff, 0, 2) === "II";
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return [];
  const count = Math.min(view.getUint16(directory, little), Math.floor((tiff.length - directory - 2) / ENTRY_BYTES));
  return Array.from({ length: count }, (_, index) => directory + 2 + index * ENTRY_BYTES)
    .filter((at) => view.getUint16(at + 2, little) === ASCII)
    .map((at) => {
      const length = view.getUint32(at + 4, little);
      const start = length <= 4 ? at + 8 : view.getUint32(at + 8, little); // short ones stand in the entry itself
      return new TextDecoder().decode(tiff.subarray(start, start + length)).replace(/\0+$/, "");
    });
}

function latin(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
