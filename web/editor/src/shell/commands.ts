import { create } from "zustand";
import { isCommandKey, pressed, shownKeys } from "./keys";

/** Something the user can do by name (the palette) and perhaps by keys. */
export interface Command {
  readonly id: string;
  readonly title: string;
  /** Under which heading the overview of shortcuts lists it. */
  readonly group?: string;
  /** As text: `Ctrl+Shift+Z`, `Delete`, `?`. `Ctrl` is Cmd on a Mac. The first is the one shown. */
  readonly keys?: string | readonly string[];
  /** Keys that the browser or the canvas listens for itself: shown, not registered. */
  readonly keysElsewhere?: string;
  /** Left out of the palette: it makes sense only by keys. */
  readonly hidden?: boolean;
  enabled?(): boolean;
  run(): unknown;
}

const useRegistry = create<{ commands: readonly Command[] }>()(() => ({ commands: [] }));

/** Make a command known, in place of one of the same id. What comes back takes it away again. */
export function registerCommand(command: Command): () => void {
  useRegistry.setState(({ commands }) => ({
    commands: [...commands.filter((other) => other.id !== command.id), command],
  }));
  return () => useRegistry.setState(({ commands }) => ({ commands: commands.filter((other) => other !== command) }));
}

export function useCommands(): readonly Command[] {
  return useRegistry((registry) => registry.commands);
}

/** Run a command by its id; false if there is none that can run now. */
export function runCommand(id: string): boolean {
  return runFirst((command) => command.id === id);
}

/** The texts of a command's keys, the one to show first. */
export function keysOf(command: Command): readonly string[] {
  if (command.keys === undefined) return [];
  return typeof command.keys === "string" ? [command.keys] : command.keys;
}

/** The keys to show beside its title. */
export function shownKeysOf(command: Command): readonly string[] {
  return [...keysOf(command), ...(command.keysElsewhere ? [command.keysElsewhere] : [])].map(shownKeys);
}

/** Listen for the keys of all commands. What comes back ends it. */
export function startShortcuts(target: Window = window): () => void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || isElsewhere(event)) return;
    if (runFirst((command) => keysOf(command).some((keys) => pressed(event, keys)))) event.preventDefault();
  };
  target.addEventListener("keydown", listen);
  return () => target.removeEventListener("keydown", listen);
}

function runFirst(wanted: (command: Command) => boolean): boolean {
  const command = useRegistry.getState().commands.find((it) => wanted(it) && (it.enabled?.() ?? true));
  command?.run();
  return command !== undefined;
}

/** Whether the keys belong to what has the focus: a field being typed into, a dialog or a menu. */
function isElsewhere(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element)) return false;
  if (event.target.closest("[role=dialog], [role=alertdialog], [role=menu]")) return true;
  return event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]")
    ? !isCommandKey(event)
    : false;
}
