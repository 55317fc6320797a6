import { expect, it } from "vitest";
import { t } from "./strings";

const parts = import.meta.glob<Record<string, object>>("../*/strings.ts", { eager: true });

it("has the texts of every folder", () => {
  const gathered = new Set<object>(Object.values(t));
  const missing = Object.entries(parts).flatMap(([file, texts]) =>
    Object.entries(texts).flatMap(([name, text]) => (gathered.has(text) || text === t ? [] : [`${file}: ${name}`])),
  );
  expect(Object.keys(parts).length).toBeGreaterThan(5);
  expect(missing).toEqual([]);
});

it("has no empty text", () => {
  expect(emptyIn(t, "t")).toEqual([]);
});

function emptyIn(texts: object, path: string): string[] {
  return Object.entries(texts).flatMap(([name, text]: [string, unknown]) => {
    if (typeof text === "string") return text.trim() === "" ? [`${path}.${name}`] : [];
    return typeof text === "object" && text !== null ? emptyIn(text, `${path}.${name}`) : [];
  });
}
