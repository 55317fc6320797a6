import { joined, latin } from "./bytes";

const HEADER_BYTES = 13;
const EXTENSION = 0x21;
const COMMENT = 0xfe;
const PICTURE = 0x2c;

/** The comment of a GIF; null if it has none, undefined if the bytes are no GIF. */
export function gifComment(bytes: Uint8Array): string | null | undefined {
  if (latin(bytes, 0, 4) !== "GIF8") return undefined;
  let at = HEADER_BYTES + paletteBytes(bytes[HEADER_BYTES - 3]);
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind !== EXTENSION && kind !== PICTURE) return null;
    // A picture has its place and size, maybe colours of its own, and a byte that says how it is packed.
    const start = kind === EXTENSION ? at + 2 : at + 11 + paletteBytes(bytes[at + 9]);
    const { parts, end } = blocks(bytes, start);
    if (kind === EXTENSION && bytes[at + 1] === COMMENT) return new TextDecoder().decode(joined(...parts));
    at = end;
  }
  return null;
}

function paletteBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** Pieces of data, each behind its length, up to an empty one. */
function blocks(bytes: Uint8Array, start: number): { parts: Uint8Array[]; end: number } {
  const parts: Uint8Array[] = [];
  let at = start;
  for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) {
    parts.push(bytes.subarray(at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { parts, end: at + 1 };
}
