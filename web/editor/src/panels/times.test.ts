// @vitest-environment node
import { expect, it } from "vitest";
import { clock, duration, moment } from "./times";

it.each([
  [0, "<0.01 s"],
  [0.034, "0.03 s"],
  [0.44, "0.4 s"],
  [12.3, "12 s"],
  [59.7, "1 min 00 s"],
  [185, "3 min 05 s"],
  [3725, "1 h 02 min"],
])("reads %s seconds as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it("counts a running job like a clock", () => {
  expect(clock(7.9)).toBe("0:07");
  expect(clock(750)).toBe("12:30");
});

it("names the day only if it is another", () => {
  const noon = new Date(2026, 4, 2, 12, 0).getTime();
  expect(moment(noon, noon + 60_000)).not.toContain(",");
  expect(moment(noon, noon + 86_400_000)).toContain(",");
});
