/** Keys written as text (`Ctrl+Shift+Z`), as pressed, and as shown. */

const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

/** With Ctrl, these edit text: in a field they are the field's own. */
const EDITS_TEXT = new Set([
  "a",
  "c",
  "v",
  "x",
  "z",
  "y",
  "arrowleft",
  "arrowright",
  "arrowup",
  "arrowdown",
  "backspace",
  "delete",
]);

const ALIASES: Readonly<Record<string, string>> = {
  space: " ",
  esc: "escape",
  plus: "+",
  left: "arrowleft",
  right: "arrowright",
};
const MAC_SIGNS: Readonly<Record<string, string>> = { Ctrl: "⌘", Shift: "⇧", Alt: "⌥" };

/** Whether this event is that combination. */
export function pressed(event: KeyboardEvent, keys: string): boolean {
  const parts = partsOf(keys);
  const key = (parts.pop() ?? "").toLowerCase();
  const main = isMac ? event.metaKey : event.ctrlKey;
  if (main !== parts.includes("Ctrl") || event.altKey !== parts.includes("Alt")) return false;
  // A sign such as "?" needs Shift on one keyboard and not on another.
  const isSign = key.length === 1 && !/[a-z0-9]/.test(key);
  if (!isSign && event.shiftKey !== parts.includes("Shift")) return false;
  return keyOf(event) === (ALIASES[key] ?? key);
}

/** Whether the combination commands the editor even while a field has the focus: Ctrl+S does, Ctrl+Z edits the text. */
export function isCommandKey(event: KeyboardEvent): boolean {
  return (isMac ? event.metaKey : event.ctrlKey) && !EDITS_TEXT.has(keyOf(event));
}

/** As this machine's keyboard names it. */
export function shownKeys(keys: string): string {
  if (!isMac) return keys;
  return partsOf(keys)
    .map((part) => MAC_SIGNS[part] ?? part)
    .join("");
}

/** `Ctrl++` is Ctrl and the plus. */
function partsOf(keys: string): string[] {
  return keys.split(/\+(?!$)/);
}

/** The key's Latin letter also where the layout writes another script. */
function keyOf(event: KeyboardEvent): string {
  const key = event.key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  return letter && key.length === 1 && key > "\u007f" ? letter.toLowerCase() : key;
}
