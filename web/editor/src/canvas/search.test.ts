import { expect, test } from "vitest";
import type { NodeSpec } from "../graph/types";
import { match, search } from "./search";

function spec(name: string, display_name: string, category: string, more: object = {}): NodeSpec {
  return {
    name,
    display_name,
    category,
    description: "",
    python_module: "nodes",
    output_node: false,
    is_input_list: false,
    input: { required: {}, optional: {}, hidden: {} },
    input_order: {},
    output: [],
    output_name: [],
    output_is_list: [],
    ...more,
  };
}

const SPECS = [
  spec("KSampler", "KSampler", "sampling"),
  spec("KSamplerAdvanced", "KSampler (Advanced)", "sampling"),
  spec("VAEDecode", "VAE Decode", "latent"),
  spec("VAEDecodeTiled", "VAE Decode (Tiled)", "latent"),
  spec("CLIPTextEncode", "CLIP Text Encode (Prompt)", "conditioning"),
  spec("EmptyLatentImage", "Empty Latent Image", "latent"),
  spec("LoadImage", "Load Image", "image", { search_aliases: ["open picture"] }),
  spec("OldSampler", "KSampler old", "sampling", { deprecated: true }),
];

const names = (query: string) => search(SPECS, query).map(({ name }) => name);

test("the exact name comes first", () => {
  expect(names("ksampler")[0]).toBe("KSampler");
});

test("the beginnings of words find a node", () => {
  expect(names("vdt")[0]).toBe("VAEDecodeTiled");
  expect(names("cte")[0]).toBe("CLIPTextEncode");
});

test("all words have to be found, in any order", () => {
  expect(names("decode tiled")).toEqual(["VAEDecodeTiled"]);
  expect(names("latent empty")[0]).toBe("EmptyLatentImage");
  expect(names("decode nonsense")).toEqual([]);
});

test("aliases and categories find a node, titles before categories", () => {
  expect(names("picture")).toEqual(["LoadImage"]);
  expect(names("prompt")).toEqual(["CLIPTextEncode"]);
  expect(names("latent")).toEqual(["EmptyLatentImage", "VAEDecode", "VAEDecodeTiled"]);
});

test("a deprecated node comes last", () => {
  expect(names("sampler").at(-1)).toBe("OldSampler");
});

test("no query lists everything by title", () => {
  expect(names("").slice(0, 2)).toEqual(["CLIPTextEncode", "EmptyLatentImage"]);
  expect(names("")).toHaveLength(SPECS.length);
});

test("a typed abbreviation is found, scattered letters are not", () => {
  expect(match("KSampler", "ksmplr")).toBeGreaterThan(0);
  expect(match("CLIP Text Encode (Prompt)", "iep")).toBe(0);
});
