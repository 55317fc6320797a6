import { api, HttpError } from "../api/client";
import { useRun } from "../store/run";
import { isDirty, useWorkspace, type Tab } from "../store/workspace";
import { toast } from "../shell/toast";
import { draftFile, draftPath, draftText, type DraftFile } from "./draft";
import { lastJobOf } from "./last_jobs";
import { OWN } from "./names";
import { isAway } from "./retry";
import { files as text } from "./strings";

const DELAY_MS = 3000;
const BROWSER = "wireloom.browser";

/** What the server has of this page's unsaved work, by the tab's id. */
const sent = new Map<string, Tab>();
let session: string | null = null;
let timer: ReturnType<typeof setTimeout> | null = null;
let sending: Promise<void> | null = null;
let refused = false;

/**
 * Keep what is not saved on the server too, a few seconds after a change: it outlives this browser. While the server is
 * away, the browser's store is all there is; what was done meanwhile is sent when it is back. What comes back ends it.
 */
export function startDrafts(of: string): () => void {
  session = of;
  const stops = [
    useWorkspace.subscribe(({ tabs }, before) => {
      if (tabs !== before.tabs) timer ??= setTimeout(() => void sendDrafts(), DELAY_MS);
    }),
    useRun.subscribe(({ connection }, before) => {
      if (connection === "open" && before.connection !== "open") void sendDrafts();
    }),
  ];
  void sendDrafts();
  return () => {
    stops.forEach((stop) => stop());
    if (timer !== null) clearTimeout(timer);
    timer = session = null;
    sent.clear();
  };
}

/** Whether the server has this state of a tab. */
export function isDrafted(tab: Tab): boolean {
  return sent.get(tab.id) === tab;
}

/** All drafts that the server has. */
export async function listDrafts(): Promise<DraftFile[]> {
  const found = await api.userdata.list(OWN);
  return found.flatMap(({ path, modified }) => draftFile(path, modified) ?? []);
}

/** The name of this browser among all that the user has: it is another after its storage was cleared. */
export function browserId(): string {
  const known = localStorage.getItem(BROWSER);
  if (known) return known;
  const made = crypto.getRandomValues(new Uint32Array(2)).join("-");
  localStorage.setItem(BROWSER, made);
  return made;
}

/** Have the server keep what is unsaved now, and nothing else of this page. One at a time. */
export function sendDrafts(): Promise<void> {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  const next = (sending ?? Promise.resolve()).then(send).finally(() => {
    if (sending === next) sending = null;
  });
  sending = next;
  return next;
}

async function send(): Promise<void> {
  if (session === null) return;
  const unsaved = useWorkspace.getState().tabs.filter(isDirty);
  const open = new Set(unsaved.map(({ id }) => id));
  try {
    for (const tab of unsaved) {
      if (isDrafted(tab)) continue;
      const job = lastJobOf(tab.id);
      await api.userdata.write(pathOf(tab.id, session), draftText({ tab, ...(job ? { job } : {}) }));
      sent.set(tab.id, tab);
    }
    for (const id of sent.keys()) {
      if (open.has(id)) continue;
      sent.delete(id);
      await removeDraft(pathOf(id, session));
    }
    refused = false;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (!isAway(error) && !refused) toast(text.notDrafted(error.message), "error");
    refused ||= !isAway(error); // said once, not every few seconds
  }
}

/** Remove a draft, which may be gone already. */
export async function removeDraft(path: string): Promise<void> {
  try {
    await api.userdata.remove(path);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 404) throw error;
  }
}

function pathOf(tab: string, of: string): string {
  return draftPath({ browser: browserId(), session: of, tab });
}
