// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import { MultiComboWidget } from "./MultiComboWidget";
import { Held, widgetFor } from "./testing";

// jsdom lays nothing out.
beforeAll(() => {
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  HTMLElement.prototype.scrollIntoView = () => {};
});
afterEach(cleanup);

function open(value: unknown): { button: HTMLElement; log: unknown[] } {
  const log: unknown[] = [];
  const choices = ["red", "green", "blue"];
  render(<Held of={MultiComboWidget} log={log} widget={widgetFor("combo", value, { choices })} />);
  const button = screen.getByRole("combobox", { name: "steps" });
  fireEvent.click(button);
  return { button, log };
}

const option = (name: string) => screen.getByRole("option", { name });

test("the list stays open while one chooses, and the value has the order of the choices", () => {
  const { button, log } = open(["blue"]);
  fireEvent.click(option("red"));
  fireEvent.click(option("blue"));
  expect(log).toEqual([["red", "blue"], ["red"]]);
  expect(button.textContent).toContain("red");
});

test("all can be taken away at once", () => {
  const { button, log } = open(["red", "green"]);
  fireEvent.click(screen.getByRole("button", { name: "Choose none" }));
  expect(log).toEqual([[]]);
  expect(button.textContent).toBe("none");
});

test("what the server no longer has is marked, and can be taken away", () => {
  const { button, log } = open(["gone", "red"]);
  expect(button.getAttribute("aria-invalid")).toBe("true");
  fireEvent.click(option("gone"));
  expect(log).toEqual([["red"]]);
});

test("a file's single choice counts as one", () => {
  const { log } = open("red");
  fireEvent.click(option("green"));
  expect(log).toEqual([["red", "green"]]);
});
