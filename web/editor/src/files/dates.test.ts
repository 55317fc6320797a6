import { expect, it } from "vitest";
import { shortDate } from "./dates";

const NOW = new Date(2026, 10, 25, 14, 0).getTime();

it("writes the time of today, the day of this year, and the month of others", () => {
  expect(shortDate(new Date(2026, 10, 25, 9, 5).getTime(), NOW)).toMatch(/5/);
  expect(shortDate(new Date(2026, 10, 25, 9, 5).getTime(), NOW)).not.toMatch(/Nov|2026/);
  expect(shortDate(new Date(2026, 2, 3).getTime(), NOW)).not.toMatch(/2026|:/);
  expect(shortDate(new Date(2024, 2, 3).getTime(), NOW)).toMatch(/2024/);
});
