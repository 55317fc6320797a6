// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { registerCommand, runCommand, startShortcuts } from "./commands";

const ends: (() => void)[] = [];

beforeEach(() => {
  ends.push(startShortcuts());
});

afterEach(() => {
  for (const end of ends.splice(0)) end();
  document.body.innerHTML = "";
});

function command(keys: string | string[], options: { enabled?: () => boolean } = {}) {
  const run = vi.fn();
  ends.push(registerCommand({ id: `test.${String(keys)}`, title: "Test", keys, run, ...options }));
  return run;
}

function press(key: string, init: KeyboardEventInit = {}, target: Element = document.body): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
}

function put(html: string): Element {
  document.body.innerHTML = html;
  return document.querySelector("[data-target]")!;
}

it("runs a command by its keys, and keeps the browser from acting on them", () => {
  const run = command("Ctrl+S");
  expect(press("s").defaultPrevented).toBe(false);
  expect(press("s", { ctrlKey: true }).defaultPrevented).toBe(true);
  expect(run).toHaveBeenCalledTimes(1);
});

it("tells Ctrl+Z from Ctrl+Shift+Z", () => {
  const [undo, redo] = [command("Ctrl+Z"), command(["Ctrl+Shift+Z", "Ctrl+Y"])];
  press("Z", { ctrlKey: true, shiftKey: true });
  expect(undo).not.toHaveBeenCalled();
  press("z", { ctrlKey: true });
  press("y", { ctrlKey: true });
  expect([undo.mock.calls.length, redo.mock.calls.length]).toEqual([1, 2]);
});

it("finds a sign whether the keyboard needs Shift for it or not", () => {
  const run = command("?");
  press("?", { shiftKey: true });
  press("?");
  expect(run).toHaveBeenCalledTimes(2);
});

it("finds a letter's key on a keyboard of another script", () => {
  const run = command("Ctrl+Z");
  press("я", { ctrlKey: true, code: "KeyZ" });
  expect(run).toHaveBeenCalledTimes(1);
});

it("leaves plain keys and text editing to a field that has the focus", () => {
  const [remove, undo, save] = [command("Delete"), command("Ctrl+Z"), command("Ctrl+S")];
  const field = put(`<textarea data-target></textarea>`);
  press("Delete", {}, field);
  press("z", { ctrlKey: true }, field);
  press("s", { ctrlKey: true }, field);
  expect([remove, undo, save].map((run) => run.mock.calls.length)).toEqual([0, 0, 1]);
});

it("does nothing behind an open dialog", () => {
  const remove = command("Delete");
  press("Delete", {}, put(`<div role="dialog"><button data-target>A</button></div>`));
  expect(remove).not.toHaveBeenCalled();
});

it("does not run a command that cannot run now", () => {
  const run = command("F", { enabled: () => false });
  expect(press("f").defaultPrevented).toBe(false);
  expect(runCommand("test.F")).toBe(false);
  expect(run).not.toHaveBeenCalled();
});

it("forgets a command that was taken away", () => {
  const run = vi.fn();
  registerCommand({ id: "gone", title: "Gone", run })();
  expect(runCommand("gone")).toBe(false);
  expect(run).not.toHaveBeenCalled();
});
