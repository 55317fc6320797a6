/// <reference types="node" />
// @vitest-environment node
import { crc32, inflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { encodeMask } from "./encode";
import type { Mask } from "./mask";

/** The parts of a PNG, each with a checksum that is right. */
async function chunksOf(mask: Mask): Promise<Map<string, Buffer>> {
  const bytes = Buffer.from(await (await encodeMask(mask)).arrayBuffer());
  expect(bytes.subarray(1, 4).toString()).toBe("PNG");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at);
    expect(bytes.readUInt32BE(end)).toBe(crc32(bytes.subarray(at + 4, end)));
    chunks.set(bytes.subarray(at + 4, at + 8).toString(), bytes.subarray(at + 8, end));
    at = end + 4;
  }
  return chunks;
}

/** Of more rows than are packed at once. */
const MASK: Mask = { width: 3, height: 150, data: Uint8Array.from({ length: 450 }, (_, at) => (at * 7) % 256) };

it("a mask becomes a PNG of its size whose alpha is 1 - mask", async () => {
  const chunks = await chunksOf(MASK);
  expect([...chunks.keys()]).toEqual(["IHDR", "IDAT", "IEND"]);
  const header = chunks.get("IHDR")!;
  expect([header.readUInt32BE(0), header.readUInt32BE(4), ...header.subarray(8)]).toEqual([3, 150, 8, 6, 0, 0, 0]);
  const pixels = inflateSync(chunks.get("IDAT")!);
  expect(pixels).toHaveLength(150 * (1 + 3 * 4));
  for (let at = 0; at < MASK.data.length; at++) {
    const pixel = Math.floor(at / 3) * 13 + 1 + (at % 3) * 4;
    expect([...pixels.subarray(pixel, pixel + 4)]).toEqual([0, 0, 0, 255 - MASK.data[at]!]);
  }
});
