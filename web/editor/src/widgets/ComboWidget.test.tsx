// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import { narrowed } from "./choices";
import { ComboWidget } from "./ComboWidget";
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

function combo(value: string, choices: readonly string[]): { button: HTMLElement; log: unknown[] } {
  const log: unknown[] = [];
  render(<Held of={ComboWidget} log={log} widget={widgetFor("combo", value, { choices })} />);
  return { button: screen.getByRole("combobox", { name: "steps" }), log };
}

test("typing narrows the list, and Enter chooses", () => {
  const { button, log } = combo("euler", ["euler", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde"]);
  fireEvent.click(button);
  const search = screen.getByPlaceholderText("Search steps");
  fireEvent.change(search, { target: { value: "2m sde" } });
  expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual(["dpmpp_2m_sde"]);
  fireEvent.keyDown(search, { key: "Enter" });
  expect(log).toEqual(["dpmpp_2m_sde"]);
  expect(screen.queryByRole("option")).toBeNull();
});

test("a value that the server does not have is marked", () => {
  const { button } = combo("gone.safetensors", ["here.safetensors"]);
  expect(button.getAttribute("aria-invalid")).toBe("true");
  expect(button.title).toContain("gone.safetensors");
});

test("of a long list a part is drawn, and the chosen one is in it", () => {
  const choices = Array.from({ length: 3000 }, (_, at) => `model ${at}`);
  const { button } = combo("model 2500", choices);
  fireEvent.click(button);
  const options = screen.getAllByRole("option");
  expect(options).toHaveLength(100);
  expect(options[0]!.textContent).toBe("model 2500");
  expect(screen.getByText(/2900 more/)).toBeTruthy();
});

test("choices that begin with the query come first", () => {
  expect(narrowed(["my model", "model b", "other"], "model", "other")).toEqual(["model b", "my model"]);
});
