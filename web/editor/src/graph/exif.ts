import { latin } from "./bytes";

const ASCII = 2;
const ENTRY_BYTES = 12;
const DIRECTORY = 0x8769;
const USER_COMMENT = 0x9286;
const CODE_BYTES = 8;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly bytes: Uint8Array;
  /** The entry's four bytes as a number: where another directory is. */
  readonly value: number;
}

/** The texts in EXIF: those written `key:text`, by key in small letters, and web UIs' comment as `parameters`. */
export function exifTexts(tiff: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>();
  const entries = entriesOf(tiff);
  const more = entries.find(({ tag }) => tag === DIRECTORY);
  const comment = more && entriesOf(tiff, more.value).find(({ tag }) => tag === USER_COMMENT);
  if (comment) texts.set("parameters", commentText(comment.bytes));
  for (const { type, bytes } of entries) {
    const text = type === ASCII ? utf8(bytes) : "";
    const colon = text.indexOf(":");
    if (colon > 0) texts.set(text.slice(0, colon).toLowerCase(), text.slice(colon + 1));
  }
  return texts;
}

/** The texts in a JPEG's EXIF; null if it is no JPEG. */
export function jpegTexts(bytes: Uint8Array): Map<string, string> | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    const data = bytes.subarray(at + 4, at + 2 + length);
    if (bytes[at + 1] === 0xe1 && latin(data, 0, 6) === "Exif\0\0") return exifTexts(data.subarray(6));
    at += 2 + length;
  }
  return new Map();
}

/** The entries of a directory of a TIFF header, the first if no place is given. */
function entriesOf(tiff: Uint8Array, place?: number): Entry[] {
  if (tiff.length < 8) return [];
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = latin(tiff, 0, 2) === "II";
  const directory = place ?? view.getUint32(4, little);
  if (directory + 2 > tiff.length) return [];
  const count = Math.min(view.getUint16(directory, little), Math.floor((tiff.length - directory - 2) / ENTRY_BYTES));
  return Array.from({ length: count }, (_, index) => directory + 2 + index * ENTRY_BYTES).map((at) => {
    const [length, value] = [view.getUint32(at + 4, little), view.getUint32(at + 8, little)];
    const start = length <= 4 ? at + 8 : value; // short ones stand in the entry itself
    const bytes = tiff.subarray(start, start + length);
    return { tag: view.getUint16(at, little), type: view.getUint16(at + 2, little), bytes, value };
  });
}

/** Eight bytes name the code. UTF-16 comes in both orders; in words, the zeros tell which. */
function commentText(bytes: Uint8Array): string {
  const text = bytes.subarray(CODE_BYTES);
  if (latin(bytes, 0, CODE_BYTES) !== "UNICODE\0") return utf8(text);
  const marked = [0xfeff, 0xfffe].includes(text[0]! * 256 + text[1]!);
  const zeros = [0, 1].map((side) => text.filter((byte, at) => byte === 0 && at % 2 === side).length);
  const big = marked ? text[0] === 0xfe : zeros[0]! >= zeros[1]!;
  return new TextDecoder(big ? "utf-16be" : "utf-16le").decode(text).replace(/\0+$/, "");
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\0+$/, "");
}
