import { ascii, escaped, joined, latin } from "./bytes";
import { exifTexts } from "./exif";

const ASCII = 2;
const ENTRY_BYTES = 12;

/** The texts in a WebP's EXIF; null if it is no WebP. */
export function webpTexts(bytes: Uint8Array): Map<string, string> | null {
  if (latin(bytes, 0, 4) !== "RIFF" || latin(bytes, 8, 12) !== "WEBP") return null;
  const exif = exifChunk(bytes);
  return exif ? exifTexts(exif) : new Map();
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

const HEADER_BYTES = 12;
const HAS_EXIF = 0x08;
const HAS_ALPHA = 0x10;
/** Model and Make: ComfyUI puts its texts into these and the tags below. */
const TAGS = [0x0110, 0x010f];

/** A WebP of one picture with these texts in its EXIF, as `key:text` each: two at most. */
export function webpWith(
  webp: Uint8Array,
  [width, height]: readonly [number, number],
  texts: Readonly<Record<string, string>>,
) {
  const extended = latin(webp, HEADER_BYTES, HEADER_BYTES + 4) === "VP8X";
  const flags =
    (extended ? webp[HEADER_BYTES + 8]! : latin(webp, HEADER_BYTES, HEADER_BYTES + 4) === "VP8L" ? HAS_ALPHA : 0) |
    HAS_EXIF;
  const pictures = webp.subarray(HEADER_BYTES + (extended ? 18 : 0));
  const size = [width - 1, height - 1].flatMap((side) => little(side, 3));
  const parts = [part("VP8X", new Uint8Array([flags, 0, 0, 0, ...size])), pictures, part("EXIF", exifOf(texts))];
  const bytes = parts.reduce((sum, each) => sum + each.length, 4);
  return joined(ascii("RIFF"), new Uint8Array(little(bytes, 4)), ascii("WEBP"), ...parts);
}

function exifOf(texts: Readonly<Record<string, string>>): Uint8Array {
  const values = Object.entries(texts).map(([key, text]) => ascii(`${key}:${escaped(text)}\0`));
  const entries = values.map((value, at) => ({ value, tag: TAGS[at]! })).sort((a, b) => a.tag - b.tag);
  let place = 8 + 2 + ENTRY_BYTES * entries.length + 4;
  const directory = entries.flatMap(({ value, tag }) => {
    const entry = [...little(tag, 2), ...little(ASCII, 2), ...little(value.length, 4), ...little(place, 4)];
    place += value.length;
    return entry;
  });
  const head = [...little(entries.length, 2), ...directory, ...little(0, 4)];
  return joined(
    ascii("II*\0"),
    new Uint8Array(little(8, 4)),
    new Uint8Array(head),
    ...entries.map(({ value }) => value),
  );
}

function part(name: string, data: Uint8Array): Uint8Array {
  return joined(ascii(name), new Uint8Array(little(data.length, 4)), data, new Uint8Array(data.length % 2));
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, at) => (value >>> (8 * at)) & 255);
}
