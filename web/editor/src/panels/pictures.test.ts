// @vitest-environment node
import { expect, it } from "vitest";
import { picturesOf } from "./pictures";

it("finds pictures in what nodes showed, kept ones first, and leaves out texts, sounds and flags", () => {
  const outputs = {
    "3": { images: [{ filename: "p.png", subfolder: "", type: "temp" }], animated: [false] },
    "4": { text: ["hello"], audio: [{ filename: "a.flac", subfolder: "", type: "output" }] },
    "5": { images: [{ filename: "a.webp", subfolder: "x", type: "output" }, null] },
  };
  expect(picturesOf(outputs)).toEqual([
    { filename: "a.webp", subfolder: "x", type: "output", node: "5" },
    { filename: "p.png", subfolder: "", type: "temp", node: "3" },
  ]);
});
