import { cleanup, fireEvent, render, renderHook, screen, within } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { registerCanvasCommands } from "../canvas/commands";
import { registerFileCommands } from "../files/commands";
import { registerRunCommands } from "../panels/run_actions";
import { registerShellCommands } from "./builtin";
import { keysOf, registerCommand, shownKeysOf, startShortcuts, useCommands, type Command } from "./commands";
import { showDialog } from "./dialogs";
import { ShortcutsDialog } from "./ShortcutsDialog";

let commands: readonly Command[] = [];
const ends: (() => void)[] = [];

beforeAll(() => {
  registerShellCommands();
  registerFileCommands();
  ends.push(registerCanvasCommands(), registerRunCommands(), startShortcuts());
  commands = renderHook(useCommands).result.current;
  cleanup();
});
afterEach(cleanup);
afterAll(() => ends.forEach((end) => end()));

it("lists the keys of every command that has some", () => {
  showDialog("shortcuts");
  render(<ShortcutsDialog />);
  for (const command of commands.filter((each) => shownKeysOf(each).length > 0)) {
    const entry = screen.getAllByText(command.title, { selector: "dt" })[0]!.parentElement!;
    const shown = within(entry).getAllByText(/./, { selector: "kbd" });
    expect(shown.map((each) => each.textContent)).toEqual(shownKeysOf(command));
  }
});

it("puts every command under a heading of its own, not under others", () => {
  showDialog("shortcuts");
  render(<ShortcutsDialog />);
  expect(screen.queryByRole("region", { name: "Other" })).toBeNull();
});

it("gives no keys to two commands", () => {
  const all = commands.flatMap((command) => shownKeysOf(command));
  expect(all.filter((keys, at) => all.indexOf(keys) !== at)).toEqual([]);
});

it("runs each command by each of its keys", () => {
  const listed = commands.flatMap((command) => keysOf(command).map((keys) => [command, keys] as const));
  expect(listed.length).toBeGreaterThan(30);
  for (const [command, keys] of listed) {
    const run = vi.fn();
    const { enabled: _, ...rest } = command;
    registerCommand({ ...rest, run });
    press(keys);
    expect(run, `${command.id} by ${keys}`).toHaveBeenCalledTimes(1);
  }
});

function press(keys: string): void {
  const parts = keys.split(/\+(?!$)/);
  const key = parts.at(-1)!.replace(/^(Left|Right)$/, "Arrow$1"); // written short, as they are shown
  fireEvent.keyDown(document.body, {
    key: /^(Left|Right)$/.test(key) ? `Arrow${key}` : key,
    ctrlKey: parts.includes("Ctrl"),
    shiftKey: parts.includes("Shift"),
    altKey: parts.includes("Alt"),
  });
}
