import { create } from "zustand";

/** What screen readers are to say next; each text has a number, so that the same one twice is said twice. */
export const useSpeech = create<{ readonly text: string; readonly id: number }>()(() => ({ text: "", id: 0 }));

/** Have screen readers say something when they have time. What was to be said before and was not is forgotten. */
export function say(text: string): void {
  useSpeech.setState(({ id }) => ({ text, id: id + 1 }));
}
