// @vitest-environment node
import { crc32, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { jsonText } from "./json";
import { parseLoosely, withTexts, workflowIn } from "./metadata";

const WORKFLOW = { nodes: [{ id: 1, type: "Grüße 猫" }], links: [] };
const PROMPT = { "1": { class_type: "A", inputs: {} } };
const encode = (text: string) => new TextEncoder().encode(text);

function join(...parts: readonly (Uint8Array | string | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const all = parts.flatMap((part) => [...(typeof part === "string" ? encode(part) : part)]);
  return new Uint8Array(all);
}

function word(value: number, little = false): number[] {
  const bytes = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  return little ? bytes.reverse() : bytes;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  return join(word(data.length), type, data, word(0));
}

function png(...chunks: readonly Uint8Array[]): Blob {
  const header = join([0x89], "PNG\r\n", [0x1a], "\n", chunk("IHDR", new Uint8Array(13)));
  return new Blob([join(header, ...chunks, chunk("IEND", new Uint8Array()))]);
}

describe("a PNG", () => {
  it("carries both formats as text, as SaveImage writes them", async () => {
    const escaped = JSON.stringify(WORKFLOW).replace(
      /[^ -~]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const file = png(
      chunk("tEXt", join("prompt", [0], JSON.stringify(PROMPT))),
      chunk("tEXt", join("workflow", [0], escaped)),
    );
    expect(await workflowIn(file)).toEqual({ workflow: WORKFLOW, prompt: PROMPT });
  });

  it("carries international text, packed or not", async () => {
    const plain = join("workflow", [0, 0, 0], "en", [0], "Ablauf", [0], JSON.stringify(WORKFLOW));
    const packed = join("workflow", [0, 1, 0, 0, 0], deflateSync(JSON.stringify(WORKFLOW)));
    for (const data of [plain, packed])
      expect(await workflowIn(png(chunk("iTXt", data)))).toEqual({ workflow: WORKFLOW });
  });

  it("may carry nothing, or be damaged", async () => {
    expect(await workflowIn(png())).toBeNull();
    expect(await workflowIn(png(chunk("iTXt", join("workflow", [0, 1, 0, 0, 0], "no zlib"))))).toBeNull();
    expect(await workflowIn(png(chunk("tEXt", join("workflow", [0], "{broken"))))).toBeNull();
    expect(await workflowIn(new Blob([join([0x89], "PNG\r\n", [0x1a], "\n", word(1e9), "tEXtworkflow")]))).toBeNull();
  });
});

describe("a WebP", () => {
  it.each([
    ["II", ""],
    ["MM", ""],
    ["II", "Exif\0\0"],
  ])("carries both formats in its EXIF (%s)", async (order, prefix) => {
    const little = order === "II";
    const short = (value: number) => (little ? word(value, true).slice(0, 2) : word(value).slice(2));
    const texts = [`prompt:${JSON.stringify(PROMPT)}\0`, `Workflow:${JSON.stringify(WORKFLOW)}\0`].map(encode);
    const start = 8 + 2 + 2 * 12 + 4;
    const entry = (tag: number, text: Uint8Array, at: number) =>
      join(short(tag), short(2), word(text.length, little), word(at, little));
    const tiff = join(
      order, short(42), word(8, little), short(2),
      entry(0x110, texts[0]!, start), entry(0x10f, texts[1]!, start + texts[0]!.length),
      word(0, little), ...texts,
    ); // prettier-ignore
    const exif = join(prefix, tiff);
    const odd = join("VP8X", word(3, true), [1, 2, 3, 0]);
    const body = join("WEBP", odd, "EXIF", word(exif.length, true), exif);
    const file = new Blob([join("RIFF", word(body.length, true), body)]);
    expect(await workflowIn(file)).toEqual({ workflow: WORKFLOW, prompt: PROMPT });
  });
});

describe("what web UIs write in words", () => {
  const text = "a cat, “bär” 熊\nNegative prompt: dog\nSteps: 20, Sampler: Euler, Seed: 1";
  const utf16 = (big: boolean) =>
    [...text].flatMap((letter) => {
      const [high, low] = [letter.charCodeAt(0) >> 8, letter.charCodeAt(0) & 255];
      return big ? [high, low] : [low, high];
    });

  /** EXIF with a directory of its own for the comment, as a JPEG and as a WebP carry it. */
  function commented(comment: Uint8Array): Blob[] {
    const [next, start] = [8 + 2 + 12 + 4, 8 + 2 * (2 + 12 + 4)];
    const directory = (tag: number, type: number, count: number, value: number) =>
      join([0, 1], word(tag).slice(2), word(type).slice(2), word(count), word(value), word(0));
    const tiff = join(
      "MM", [0, 42], word(8), directory(0x8769, 4, 1, next), directory(0x9286, 7, comment.length, start), comment,
    ); // prettier-ignore
    const segment = join("Exif\0\0", tiff);
    const app0 = join([0xff, 0xe0], word(4).slice(2), [1, 2]);
    const jpeg = join([0xff, 0xd8], app0, [0xff, 0xe1], word(segment.length + 2).slice(2), segment, [0xff, 0xda, 0, 2]);
    const body = join("WEBP", "EXIF", word(tiff.length, true), tiff);
    return [new Blob([jpeg]), new Blob([join("RIFF", word(body.length, true), body)])];
  }

  it.each([
    ["UTF-16, the large end first", join("UNICODE\0", utf16(true))],
    ["UTF-16, the small end first", join("UNICODE\0", utf16(false))],
    ["UTF-16 that says which", join("UNICODE\0", [0xff, 0xfe], utf16(false))],
    ["UTF-8", join([0, 0, 0, 0, 0, 0, 0, 0], text)],
  ])("is found in EXIF: %s", async (_, comment) => {
    for (const file of commented(comment)) expect(await workflowIn(file)).toEqual({ parameters: text });
  });

  it("is found in a PNG, in both codes", async () => {
    const latin = join("parameters", [0], "b", [0xe4], "r\nSteps: 2");
    expect(await workflowIn(png(chunk("tEXt", latin)))).toEqual({ parameters: "bär\nSteps: 2" });
    const packed = join("parameters", [0, 1, 0, 0, 0], deflateSync(text));
    expect(await workflowIn(png(chunk("iTXt", packed)))).toEqual({ parameters: text });
  });

  it("is not taken for any comment, nor found where there is none", async () => {
    expect(await workflowIn(png(chunk("tEXt", join("parameters", [0], "f = 2.8"))))).toBeNull();
    for (const file of commented(join([0, 0, 0, 0, 0, 0, 0, 0], "a holiday")))
      expect(await workflowIn(file)).toBeNull();
    for (const bytes of [
      [0xff, 0xd8],
      [0xff, 0xd8, 0xff, 0xe1, 0, 200, 1],
      [0xff, 0xd8, 0xff, 0xe1, 0, 0],
    ])
      expect(await workflowIn(new Blob([new Uint8Array(bytes)]))).toBeNull();
  });
});

describe("a GIF", () => {
  const palette = new Uint8Array(3 * 4);
  const pieces = (data: Uint8Array) =>
    join(...Array.from({ length: Math.ceil(data.length / 255) }, (_, at) => {
      const piece = data.subarray(at * 255, (at + 1) * 255);
      return join([piece.length], piece);
    }), [0]); // prettier-ignore
  const gif = (...blocks: readonly Uint8Array[]) =>
    new Blob([join("GIF89a", [1, 0, 1, 0, 0x81, 0, 0], palette, ...blocks, ";")]);
  const application = join([0x21, 0xff], pieces(encode("NETSCAPE2.0")));
  const picture = join(",", new Uint8Array(8), [0x80], new Uint8Array(3 * 2), [2], pieces(new Uint8Array([0x44, 1])));

  it("carries both in a comment of many pieces, before or after its pictures", async () => {
    const texts = { workflow: JSON.stringify(WORKFLOW), prompt: JSON.stringify(PROMPT), more: "x".repeat(600) };
    const comment = join([0x21, 0xfe], pieces(encode(JSON.stringify(texts))));
    for (const blocks of [
      [comment, application, picture],
      [application, picture, comment],
    ])
      expect(await workflowIn(gif(...blocks))).toEqual({ workflow: WORKFLOW, prompt: PROMPT });
  });

  it("may carry nothing, or be damaged", async () => {
    const words = join([0x21, 0xfe], pieces(encode("made with love")));
    for (const file of [
      gif(picture),
      gif(words, picture),
      new Blob(["GIF89a"]),
      gif(new Uint8Array([0x21, 0xfe, 200, 1])),
    ])
      expect(await workflowIn(file)).toBeNull();
  });
});

describe("the body of a request to run a workflow", () => {
  const file = (body: unknown) => workflowIn(new Blob([JSON.stringify(body)]));

  it("carries what it asks to run, and what its pictures get", async () => {
    expect(await file({ prompt: PROMPT, client_id: "x" })).toEqual({ prompt: PROMPT });
    expect(await file({ prompt: WORKFLOW })).toEqual({ workflow: WORKFLOW });
    const extra_data = { extra_pnginfo: { workflow: WORKFLOW } };
    expect(await file({ prompt: PROMPT, extra_data })).toEqual({ prompt: PROMPT, workflow: WORKFLOW });
  });

  it("is told from a node that is called prompt, and from anything else", async () => {
    expect(await file({ prompt: PROMPT["1"] })).toEqual({ prompt: { prompt: PROMPT["1"] } });
    for (const body of [{ prompt: "a cat" }, { prompt: { 1: { class_type: "A" } } }, [PROMPT]])
      expect(await file(body)).toBeNull();
  });
});

describe("a picture that a workflow is put into", () => {
  const seeded = { ...WORKFLOW, extra: { seed: 2n ** 64n - 1n } };

  it("gives it back: PNG", async () => {
    const blank = new Blob([png()], { type: "image/png" });
    const carried = await withTexts(blank, [1, 1], { workflow: jsonText(seeded) });
    expect(await workflowIn(carried)).toEqual({ workflow: seeded });
    const bytes = new Uint8Array(await carried.arrayBuffer());
    const [length, text] = [bytes.length - 12 - (await blank.arrayBuffer()).byteLength, bytes.subarray(33)];
    expect(crc32(text.subarray(4, 8 + length))).toBe(new DataView(text.buffer, text.byteOffset).getUint32(8 + length));
  });

  it.each(["VP8 ", "VP8L", "VP8X"])("gives it back: WebP of the kind %s", async (kind) => {
    const data = kind === "VP8X" ? [0x10, 0, 0, 0, 1, 0, 0, 2, 0, 0] : [1, 2, 3, 0];
    const first = join(kind, word(kind === "VP8X" ? 10 : 3, true), data);
    const body = join("WEBP", first, kind === "VP8X" ? join("VP8L", word(2, true), [9, 9]) : "");
    const blank = new Blob([join("RIFF", word(body.length, true), body)], { type: "image/webp" });
    const carried = await withTexts(blank, [2, 3], { workflow: jsonText(seeded) });
    expect(await workflowIn(carried)).toEqual({ workflow: seeded });
    const bytes = new Uint8Array(await carried.arrayBuffer());
    expect(new DataView(bytes.buffer).getUint32(4, true)).toBe(bytes.length - 8);
    expect([...bytes.subarray(12, 30)]).toEqual([
      ...encode("VP8X"), 10, 0, 0, 0, kind === "VP8 " ? 8 : 0x18, 0, 0, 0, 1, 0, 0, 2, 0, 0,
    ]); // prettier-ignore
  });
});

describe("JSON", () => {
  it("is told apart by what it holds", async () => {
    expect(await workflowIn(new Blob([JSON.stringify(WORKFLOW)]))).toEqual({ workflow: WORKFLOW });
    expect(await workflowIn(new Blob([JSON.stringify(PROMPT)]))).toEqual({ prompt: PROMPT });
    for (const text of ["{}", "[1]", "hello", ""]) expect(await workflowIn(new Blob([text]))).toBeNull();
  });

  it("may hold what only Python calls JSON", () => {
    expect(parseLoosely('{"a": NaN, "b": [-Infinity], "c": "NaN, \\" Infinity"}')).toEqual({
      a: null,
      b: [null],
      c: 'NaN, " Infinity',
    });
    expect(parseLoosely("null")).toBeNull();
    expect(parseLoosely('{"a": NaN, "seed": 18446744073709551615}')).toEqual({ a: null, seed: 2n ** 64n - 1n });
    expect(() => parseLoosely("{")).toThrow(SyntaxError);
  });
});
