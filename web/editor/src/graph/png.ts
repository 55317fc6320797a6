import { ascii, escaped, joined } from "./bytes";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const NUL = 0;

/** The texts of a PNG by keyword (`tEXt`, `iTXt`, and `comf` of animated ones); null if it is no PNG. */
export async function pngTexts(bytes: Uint8Array): Promise<Map<string, string> | null> {
  if (!SIGNATURE.every((byte, at) => bytes[at] === byte)) return null;
  const texts = new Map<string, string>();
  for (const { type, data } of chunks(bytes)) {
    const end = data.indexOf(NUL);
    if (end < 0 || !["tEXt", "iTXt", "comf"].includes(type)) continue;
    const rest = data.subarray(end + 1);
    const text = type === "iTXt" ? await international(rest) : plain(rest);
    if (text !== null) texts.set(utf8(data.subarray(0, end)), text);
  }
  return texts;
}

function* chunks(bytes: Uint8Array): Generator<{ type: string; data: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE.length; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    yield { type: utf8(bytes.subarray(at + 4, at + 8)), data: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length; // length, type and checksum
  }
}

/** Compression flag and method, language and translated keyword before the text. Null if it can't be unpacked. */
async function international(data: Uint8Array): Promise<string | null> {
  const language = data.indexOf(NUL, 2);
  const keyword = data.indexOf(NUL, language + 1);
  if (language < 0 || keyword < 0) return null;
  const text = data.subarray(keyword + 1);
  return data[0] === 1 ? inflated(text) : utf8(text);
}

async function inflated(data: Uint8Array): Promise<string | null> {
  const unpacked = new Response(new Uint8Array(data)).body!.pipeThrough(new DecompressionStream("deflate"));
  return new Response(unpacked).text().catch(() => null); // damaged: nothing else can fail here
}

/** By the standard these are Latin-1; some write UTF-8. */
function plain(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes); // not UTF-8, then: nothing else can fail here
  }
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A PNG with these texts in it, each as `tEXt`: what is not ASCII is escaped, as JSON may be. */
export function pngWith(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const end = png.length - 12; // before IEND, which is empty
  const added = Object.entries(texts).map(([key, text]) => chunk("tEXt", ascii(`${key}\0${escaped(text)}`)));
  return joined(png.subarray(0, end), ...added, png.subarray(end));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined(ascii(type), data);
  return joined(word(data.length), body, word(crc32(body)));
}

function word(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
