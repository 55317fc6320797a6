import { jsonText, parseJson } from "../graph/json";
import { OWN } from "./names";
import type { Tab } from "../store/workspace";

/** Unsaved work as the server keeps it: one file per tab, named after the browser, the session and the tab. */
export interface DraftFile {
  readonly path: string;
  readonly browser: string;
  readonly session: string;
  readonly tab: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

export interface Draft {
  readonly tab: Tab;
  readonly job?: string;
}

/** Of the shape of what is kept; what has another is left alone. */
const VERSION = 1;
const FOLDER = `${OWN}/drafts`;
const NAMED = /^(?:drafts\/)?([^/~]+)~([^/~]+)~([^/~]+)\.json$/;
/** With undo up to this size; a larger workflow comes without. */
const MOST_CHARACTERS = 2_000_000;
const MOST_STEPS = 200;

export function draftPath({ browser, session, tab }: Pick<DraftFile, "browser" | "session" | "tab">): string {
  return `${FOLDER}/${browser}~${session}~${tab}.json`;
}

/** What `draftPath` was given; null if the path, from the folder of drafts or from that above, is of something else. */
export function draftFile(path: string, modified: number): DraftFile | null {
  const [, browser, session, tab] = NAMED.exec(path) ?? [];
  if (browser === undefined || session === undefined || tab === undefined) return null;
  return { path: draftPath({ browser, session, tab }), browser, session, tab, modified };
}

/** A draft as text, with as much of its log as is reasonable to send again and again. */
export function draftText({ tab, job }: Draft): string {
  const write = (steps: number) => jsonText({ version: VERSION, tab: shortened(tab, steps), job });
  const whole = write(MOST_STEPS);
  return whole.length <= MOST_CHARACTERS ? whole : write(0);
}

/** Null if it is not what `draftText` gives: another version of the editor may have written it. */
export function draftIn(text: string): Draft | null {
  const { version, tab, job } = parsed(text);
  if (version !== VERSION || !tab?.doc || !Array.isArray(tab.past) || !Array.isArray(tab.future)) return null;
  return { tab, ...(job === undefined ? {} : { job }) };
}

function shortened(tab: Tab, steps: number): Tab {
  const dropped = Math.max(0, tab.past.length - steps);
  return {
    ...tab,
    past: tab.past.slice(dropped),
    future: tab.future.slice(0, steps),
    savedAt: tab.savedAt < dropped ? -1 : tab.savedAt - dropped,
  };
}

function parsed(text: string): { version?: unknown; tab?: Tab; job?: string } {
  try {
    return (parseJson(text) ?? {}) as { version?: unknown; tab?: Tab; job?: string };
  } catch {
    return {};
  }
}
