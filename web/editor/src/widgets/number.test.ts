import { expect, test } from "vitest";
import { clamped, evaluate, type Exact, limitsOf, shown, stepped } from "./number";

test.each([
  ["64*8", 512],
  ["(1024 - 512) / 2", 256],
  ["2^10", 1024],
  ["-2^2", -4],
  ["2^-1", 0.5],
  ["1e3+.5", 1000.5],
  ["0,75", 0.75],
  ["10 % 4 - -1", 3],
])("%s is worth %d", (text, value) => {
  expect(evaluate(text)).toBe(value);
});

test.each(["", "abc", "1 2", "(1", "1+", "1/0", "alert(1)", "1..2"])("%s is no number", (text) => {
  expect(evaluate(text)).toBeNull();
});

test("a step from a value off the grid leads to the grid", () => {
  const limits = limitsOf("int", { min: 16, max: 8192, step: 8 });
  expect(stepped(513, 1, limits)).toBe(520);
  expect(stepped(513, -1, limits)).toBe(512);
  expect(stepped(512, 1, limits)).toBe(520);
  expect(stepped(20, -10, limits)).toBe(16);
});

test("steps of a tenth do not gather noise", () => {
  const limits = limitsOf("float", { min: 0, max: 100, step: 0.1, round: 0.01 });
  let value: Exact = 0;
  for (let step = 0; step < 3; step++) value = stepped(value, 1, limits);
  expect(value).toBe(0.3);
  expect(shown(0.1 + 0.2)).toBe("0.3");
});

test("values keep to their limits and are rounded", () => {
  expect(clamped(1.237, limitsOf("float", { max: 10, round: 0.01 }))).toBe(1.24);
  expect(clamped(12.6, limitsOf("int", { max: 10 }))).toBe(10);
  expect(clamped(1.23456, limitsOf("float", { round: false }))).toBe(1.23456);
});

const SEED = limitsOf("int", { min: 0, max: 2n ** 64n - 1n });

test("a whole number is exact to its last digit, however large", () => {
  expect(evaluate("18446744073709551615")).toBe(2n ** 64n - 1n);
  expect(evaluate(" -9223372036854775808 ")).toBe(-(2n ** 63n));
  expect(evaluate("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
  expect(clamped(2n ** 70n, SEED)).toBe(2n ** 64n - 1n);
  expect(clamped(2 ** 60, SEED)).toBe(2n ** 60n);
  expect(shown(2n ** 64n - 1n)).toBe("18446744073709551615");
});

test("steps lead over the largest exact number and back", () => {
  const above = stepped(Number.MAX_SAFE_INTEGER, 2, SEED);
  expect(above).toBe(2n ** 53n + 1n);
  expect(stepped(above, -2, SEED)).toBe(Number.MAX_SAFE_INTEGER);
  expect(stepped(2n ** 64n - 2n, 10, SEED)).toBe(2n ** 64n - 1n);
  expect(stepped(2n ** 60n + 3n, -1, limitsOf("int", { min: 0, step: 8 }))).toBe(2n ** 60n);
});

test("a number whose least value is far away can be stepped", () => {
  const limits = limitsOf("int", { min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n });
  expect(stepped(0, 1, limits)).toBe(1);
  expect(stepped(1, -3, limits)).toBe(-2);
});
