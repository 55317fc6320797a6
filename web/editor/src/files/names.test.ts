import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freeName, nameFromFile, nameOf, pathOf, placeOf, unfit } from "./names";

describe("names of workflows", () => {
  it("become a path and come back from it, folders included", () => {
    expect(pathOf("portraits/anna")).toBe("workflows/portraits/anna.json");
    expect(placeOf(pathOf("portraits/anna"))).toBe("portraits/anna");
    expect(nameOf(pathOf("portraits/anna"))).toBe("anna");
  });

  it.each([
    ["", "empty"],
    ["  ", "empty"],
    ["portraits/", "empty"],
    ["a//b", "empty"],
    ["a:b", "signs"],
    ["a\\b", "signs"],
    ["100%", "signs"],
    ["../a", "dots"],
    [".hidden", "dots"],
    ["a.", "dots"],
    ["a /b", "dots"],
    ["x".repeat(81), "long"],
  ])("are refused if the server or a file system would: %j", (name, reason) => {
    expect(unfit(name)).toBe(reason);
  });

  it.each(["a", "Text to image", "portraits/anna 2", "v1.5", "Bäume", "木"])("may be: %j", (name) => {
    expect(unfit(name)).toBeNull();
  });

  it("made from any file's name are empty or fit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 120 }), (file) => {
        const name = nameFromFile(`${file}.json`);
        expect(name === "" || unfit(name) === null).toBe(true);
      }),
    );
  });

  it("end in neither a dot nor a space where a long one is cut", () => {
    expect(nameFromFile(`${"x".repeat(79)} y.json`)).toBe("x".repeat(79));
    expect(nameFromFile(`${"x".repeat(78)}. y.json`)).toBe("x".repeat(78));
    expect(nameFromFile("\u00a0.json")).toBe("");
  });

  it("keep the dots of a version in a file's name", () => {
    expect(nameFromFile("flow v1.5.json")).toBe("flow v1.5");
  });

  it("get the next number if they are taken", () => {
    expect(freeName("a", [])).toBe("a");
    expect(freeName("a", ["a"])).toBe("a (2)");
    expect(freeName("a", ["a", "a (2)"])).toBe("a (3)");
    expect(freeName("a (2)", ["a", "a (2)"])).toBe("a (3)");
  });
});
