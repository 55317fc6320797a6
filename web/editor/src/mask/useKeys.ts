import { useEffect, useState, type RefObject } from "react";
import { pressed } from "../shell/keys";

/** What a key does: `Ctrl+Z`, `[`, `B`. */
export type Keys = Readonly<Record<string, () => void>>;

/**
 * The keys of the editor, wherever the focus is in it. Nothing goes on to the page behind, not even where the focus is
 * nowhere, as it is after a button became grey that had it.
 */
export function useKeys(dialog: RefObject<HTMLElement | null>, keys: Keys): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (!isHere(event, dialog.current)) return;
      const found = Object.keys(keys).find((each) => pressed(event, each));
      if (found !== undefined) event.preventDefault();
      if (found !== undefined || (event.target === document.body && event.key !== "Escape")) event.stopPropagation();
      if (found !== undefined) keys[found]!();
    };
    window.addEventListener("keydown", listen, { capture: true });
    return () => window.removeEventListener("keydown", listen, { capture: true });
  });
}

/** Whether Space is held on the stage. On a button it is the button's. */
export function useSpace(stage: RefObject<HTMLElement | null>): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isDown = event.type === "keydown";
      if (event.key !== " " || (isDown && event.target !== stage.current)) return;
      if (isDown) event.preventDefault();
      setHeld(isDown);
    };
    const release = () => setHeld(false);
    window.addEventListener("keydown", listen);
    window.addEventListener("keyup", listen);
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("keydown", listen);
      window.removeEventListener("keyup", listen);
      window.removeEventListener("blur", release);
    };
  }, [stage]);
  return held;
}

function isHere({ target }: KeyboardEvent, dialog: HTMLElement | null): boolean {
  return dialog !== null && target instanceof Element && (target === document.body || dialog.contains(target));
}
