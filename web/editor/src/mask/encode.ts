import { FULL, type Mask } from "./mask";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RGBA = 6;
const CHANNELS = 4;
const ROWS_AT_ONCE = 64;

/**
 * A mask as a black PNG whose alpha is 1 - mask. Written by hand: what a canvas hands out is multiplied by alpha, and
 * some browsers add noise to it so that their users cannot be told apart.
 */
export async function encodeMask(mask: Mask): Promise<Blob> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, mask.width);
  view.setUint32(4, mask.height);
  header.set([8, RGBA], 8); // 8 bits for each channel; compression, filter and interlace are 0
  const packed = new Response(rowsOf(mask).pipeThrough(new CompressionStream("deflate")));
  const pixels = new Uint8Array(await packed.arrayBuffer());
  const parts = [
    new Uint8Array(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

/** The unpacked rows, some at a time: all of a large picture would be four times its mask. */
function rowsOf({ width, height, data }: Mask): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stride = 1 + width * CHANNELS; // each row begins with its filter, 0 for none
  let row = 0;
  return new ReadableStream({
    pull(controller) {
      const count = Math.min(ROWS_AT_ONCE, height - row);
      const rows = new Uint8Array(count * stride);
      for (let y = 0; y < count; y++, row++) {
        for (let x = 0; x < width; x++) {
          rows[y * stride + (x + 1) * CHANNELS] = FULL - data[row * width + x]!;
        }
      }
      controller.enqueue(rows);
      if (row >= height) controller.close();
    },
  });
}

/** Length, name, content, and the checksum of the latter two. */
function chunk(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
