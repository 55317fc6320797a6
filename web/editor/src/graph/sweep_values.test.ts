import { expect, test } from "vitest";
import { inputsOf } from "./inputs";
import { BadValues, canSweep, valuesIn } from "./sweep_values";
import type { InputSpec, NodeSpec } from "./types";

function input(type: string, options: Record<string, unknown> = {}, choices?: string[]): InputSpec {
  return { name: "it", type, optional: false, options, isWidget: true, ...(choices ? { choices } : {}) };
}

const steps = input("INT", { min: 1, max: 1000 });
const cfg = input("FLOAT", { min: 0, max: 100 });

test.each([
  [steps, "1..10 step 3", ["1", "4", "7", "10"]],
  [steps, "10 .. 8", ["10", "9", "8"]],
  [steps, "2:8:4, 20", ["2", "4", "6", "8", "20"]],
  [steps, "1, 2\n3", ["1", "2", "3"]],
  [cfg, "0..0.3 step 0.1", ["0", "0.1", "0.2", "0.3"]],
  [cfg, "1:2:5", ["1", "1.25", "1.5", "1.75", "2"]],
  [input("COMBO", {}, ["euler", "ddim"]), "ddim, euler", ["ddim", "euler"]],
  [input("BOOLEAN"), "on, False", ["on", "False"]],
  [input("STRING"), "a dog, sitting\na cat", ["a dog, sitting", "a cat"]],
  [input("STRING"), "dog -> cat, a bird", ["cat", "a bird"]],
  [input("STRING"), 'dog ->\n""', ["without dog", "(empty)"]],
  [input("INT,FLOAT"), "1, 2.5", ["1", "2.5"]],
  [input("*"), "a, b", ["a", "b"]],
])("%o reads %j", (spec, text, found) => {
  expect(valuesIn(text, spec, "a dog")).toEqual(found);
});

test("the type of what takes anything is that of what it holds", () => {
  expect(valuesIn("1..3", input("*"), 5)).toEqual(["1", "2", "3"]);
  expect(valuesIn("1..3", input("*"), "five")).toEqual(["1..3"]);
});

test.each([
  [steps, "", "no values"],
  [steps, "2.5", "“2.5” does not fit: expected a whole number"],
  [steps, "0", "too small: expected at least 1"],
  [cfg, "1, 200", "200 is too large: expected at most 100"],
  [cfg, "inf", "“inf” does not fit: expected a number"],
  [cfg, "1..2 step 0", "its step is 0"],
  [cfg, "1:2:1", "a count of at least 2"],
  [cfg, "1..1000", "stands for 1000 values"],
  [cfg, "1..60, 1..60", "lists 120 values"],
  [input("COMBO", {}, ["euler", "ddim"]), "eular", "expected one of euler, ddim"],
  [input("BOOLEAN"), "maybe", "expected true or false"],
  [input("STRING"), "fox -> cat", "exchanges “fox”, which the text does not have"],
  [input("MODEL"), "1", "expected MODEL"],
])("%o refuses %j", (spec, text, says) => {
  expect(() => valuesIn(text, spec, "a dog")).toThrow(BadValues);
  expect(() => valuesIn(text, spec, "a dog")).toThrow(says);
});

test("plain values and choices can be swept, lists of choices and models cannot", () => {
  const spec = {
    input: { required: { a: ["INT"], b: ["COMBO", { options: ["x"], multiselect: true }], c: [["x"]], d: ["MODEL"] } },
    input_order: { required: ["a", "b", "c", "d"] },
  } as unknown as NodeSpec;
  expect(inputsOf(spec).map(canSweep)).toEqual([true, false, true, false]);
});
