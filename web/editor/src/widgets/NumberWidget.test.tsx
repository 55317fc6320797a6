// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import { NumberWidget } from "./NumberWidget";
import { Held, widgetFor } from "./testing";

// jsdom has no pointer capture.
beforeAll(() => {
  HTMLElement.prototype.setPointerCapture = () => {};
});
afterEach(cleanup);

function field(value = 20): { input: HTMLInputElement; log: unknown[] } {
  const log: unknown[] = [];
  render(
    <Held of={NumberWidget} log={log} widget={widgetFor("int", value, { options: { min: 1, max: 100, step: 1 } })} />,
  );
  return { input: screen.getByRole("spinbutton", { name: "steps" }), log };
}

test("a sum is worked out on Enter", () => {
  const { input, log } = field();
  fireEvent.change(input, { target: { value: "4*8" } });
  expect(log).toEqual([]);
  fireEvent.keyDown(input, { key: "Enter" });
  expect(log).toEqual([32]);
  expect(input.value).toBe("32");
});

test("what is no number is marked, and forgotten on leaving", () => {
  const { input, log } = field();
  fireEvent.change(input, { target: { value: "many" } });
  expect(input.getAttribute("aria-invalid")).toBe("true");
  fireEvent.blur(input);
  expect(input.value).toBe("20");
  expect(log).toEqual([]);
});

test("Escape brings back the value", () => {
  const { input, log } = field();
  fireEvent.change(input, { target: { value: "55" } });
  fireEvent.keyDown(input, { key: "Escape" });
  fireEvent.blur(input);
  expect(input.value).toBe("20");
  expect(log).toEqual([]);
});

test("arrows step, ten times as far with Shift, up to the limit", () => {
  const { input, log } = field(95);
  fireEvent.keyDown(input, { key: "ArrowUp" });
  fireEvent.keyDown(input, { key: "ArrowUp", shiftKey: true });
  fireEvent.keyDown(input, { key: "ArrowDown" });
  expect(log).toEqual([96, 100, 99]);
});

test("dragging sideways changes the value once, on letting go", () => {
  const { input, log } = field();
  fireEvent.pointerDown(input, { clientX: 100, button: 0 });
  fireEvent.pointerMove(input, { clientX: 120 });
  fireEvent.pointerMove(input, { clientX: 140 });
  expect(input.value).toBe("30");
  expect(log).toEqual([]);
  fireEvent.pointerUp(input, { clientX: 140 });
  expect(log).toEqual([30]);
});

test("a click lets type, and changes nothing", () => {
  const { input, log } = field();
  fireEvent.pointerDown(input, { clientX: 100, button: 0 });
  fireEvent.pointerUp(input, { clientX: 101 });
  expect(document.activeElement).toBe(input);
  expect(log).toEqual([]);
});

test("the wheel turns it only while it is focused", () => {
  const { input, log } = field();
  fireEvent.wheel(input, { deltaY: -1 });
  expect(log).toEqual([]);
  input.focus();
  fireEvent.wheel(input, { deltaY: -1 });
  expect(log).toEqual([21]);
});
