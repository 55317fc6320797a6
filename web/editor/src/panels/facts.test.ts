// @vitest-environment node
import { describe, expect, it } from "vitest";
import { factsOf } from "./facts";

const PROMPT = {
  "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "mini.safetensors" } },
  "10": { class_type: "LoraLoader", inputs: { model: ["1", 0], clip: ["1", 1], lora_name: "ink.safetensors" } },
  "2": { class_type: "CLIPTextEncode", inputs: { text: "a rocket", clip: ["10", 1] } },
  "3": { class_type: "CLIPTextEncode", inputs: { text: "blurry", clip: ["10", 1] } },
  "5": {
    class_type: "KSampler",
    inputs: { model: ["10", 0], seed: 7, positive: ["2", 0], negative: ["3", 0], latent_image: ["4", 0] },
  },
  "7": { class_type: "SaveImage", inputs: { images: ["5", 0] } },
};

describe("the facts of a picture", () => {
  it("are seed, words, words to avoid and model of the sampler above it", () => {
    expect(factsOf(PROMPT, "7")).toEqual({ seed: "7", words: "a rocket", avoid: "blurry", model: "mini.safetensors" });
  });

  it("tell a seed to its last digit", () => {
    const sampler = { class_type: "KSampler", inputs: { seed: 2n ** 64n - 1n } };
    expect(factsOf({ "1": sampler })).toMatchObject({ seed: "18446744073709551615" });
  });

  it("are those of its own branch if a workflow has several", () => {
    const other = {
      "20": { class_type: "CLIPTextEncode", inputs: { text: "a boat", clip: ["1", 1] } },
      "21": { class_type: "KSampler", inputs: { seed: 8, positive: ["20", 0], negative: ["3", 0] } },
      "22": { class_type: "SaveImage", inputs: { images: ["21", 0] } },
    };
    expect(factsOf({ ...PROMPT, ...other }, "22")).toMatchObject({ seed: "8", words: "a boat" });
  });

  it("are found behind nodes that only hold a value", () => {
    const given = {
      ...PROMPT,
      "30": { class_type: "PrimitiveInt", inputs: { value: 99 } },
      "31": { class_type: "PrimitiveString", inputs: { value: "a tree" } },
      "2": { class_type: "CLIPTextEncode", inputs: { text: ["31", 0], clip: ["1", 1] } },
      "5": { ...PROMPT["5"], inputs: { ...PROMPT["5"].inputs, seed: ["30", 0] } },
    };
    expect(factsOf(given, "7")).toMatchObject({ seed: "99", words: "a tree" });
  });

  it("are empty for what is no workflow, and for loops", () => {
    const none = { seed: null, words: "", avoid: "", model: null };
    expect(factsOf(null)).toEqual(none);
    expect(factsOf({ "1": "text", "2": { class_type: "A" } })).toEqual(none);
    expect(factsOf({ "1": { class_type: "A", inputs: { a: ["1", 0] } } }, "1")).toEqual(none);
  });
});
