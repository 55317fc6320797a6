import { expect, test } from "vitest";
import { moveBy, typedTo } from "./keys";
import type { Row } from "./rows";

function row(key: string, level: 1 | 2 | 3, name: string, open?: boolean): Row {
  const line = { key, level, node: "1", name, at: 1, of: 1, ...(open === undefined ? {} : { open }) };
  return { ...line, kind: "node", mode: 0 };
}

const ROWS = [
  row("a", 1, "Load", true),
  row("a1", 2, "model"),
  row("a2", 2, "MODEL", true),
  row("a2x", 3, "Sampler"),
  row("b", 1, "Loop", false),
  row("c", 1, "Note"),
];

const press = (at: number, key: string) => moveBy(ROWS, at, key, 3);

test("up and down, Home and End and pages go through all lines and stop at the ends", () => {
  expect(press(0, "ArrowDown")).toEqual({ to: 1 });
  expect(press(0, "ArrowUp")).toEqual({ to: 0 });
  expect(press(5, "ArrowDown")).toEqual({ to: 5 });
  expect(press(2, "Home")).toEqual({ to: 0 });
  expect(press(2, "End")).toEqual({ to: 5 });
  expect(press(1, "PageDown")).toEqual({ to: 4 });
  expect(press(1, "PageUp")).toEqual({ to: 0 });
});

test("right opens, then goes in; left closes, then goes out", () => {
  expect(press(4, "ArrowRight")).toEqual({ toggle: "b" });
  expect(press(0, "ArrowRight")).toEqual({ to: 1 });
  expect(press(1, "ArrowRight")).toBeNull();
  expect(press(2, "ArrowLeft")).toEqual({ toggle: "a2" });
  expect(press(3, "ArrowLeft")).toEqual({ to: 2 });
  expect(press(1, "ArrowLeft")).toEqual({ to: 0 });
  expect(press(5, "ArrowLeft")).toEqual({ to: 5 });
});

test("letters find a line by its name: one goes on, several stay as long as they fit", () => {
  expect(typedTo(ROWS, 0, "l")).toBe(4);
  expect(typedTo(ROWS, 4, "l")).toBe(0);
  expect(typedTo(ROWS, 0, "loo")).toBe(4);
  expect(typedTo(ROWS, 4, "lo")).toBe(4);
  expect(typedTo(ROWS, 1, "mm")).toBe(2);
  expect(typedTo(ROWS, 0, "z")).toBe(-1);
});
