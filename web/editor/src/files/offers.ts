import { create } from "zustand";
import { api, HttpError } from "../api/client";
import { toast } from "../shell/toast";
import { useRun } from "../store/run";
import { newTab, useWorkspace, type Tab } from "../store/workspace";
import { confirm } from "./ask";
import { draftIn, type Draft, type DraftFile } from "./draft";
import { browserId, isDrafted, listDrafts, removeDraft, sendDrafts } from "./drafts";
import { showJobs } from "./last_jobs";
import { isBlank } from "./open";
import type { Session } from "./session";
import { files as text } from "./strings";
import { whyOf } from "./why";

/** Unsaved work on the server that no page of this browser has: of another browser, or of one that was cleared. */
export interface Offers {
  readonly offers: readonly DraftFile[];
  /** Whether the page has said so; not again for what the user did not want yet. */
  readonly told: boolean;
  readonly open: boolean;
}

const SEEN = "wireloom.offers";

export const useOffers = create<Offers>()(() => ({ offers: [], told: false, open: false }));

/** Look for such work when the server is there. `known`: sessions of which this page has all that they left. */
export function startOffers(session: Session, known: readonly string[]): () => void {
  let done = false;
  const look = async () => {
    if (done || useRun.getState().connection !== "open") return;
    done = true;
    try {
      await findOffers(session, known);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      done = false; // the server is away: once more when it is back
    }
  };
  void look();
  return useRun.subscribe(({ connection }, before) => {
    if (connection !== before.connection) void look();
  });
}

/** Show the list of them, or close it. */
export function showOffers(open: boolean): void {
  useOffers.setState({ open });
}

/** Not now: nothing is said of these until they change. */
export function dismissOffers(): void {
  const { offers } = useOffers.getState();
  localStorage.setItem(SEEN, JSON.stringify(Object.fromEntries(offers.map(({ path, modified }) => [path, modified]))));
  useOffers.setState({ told: true, open: false });
}

export async function readOffer({ path }: DraftFile): Promise<Draft | null> {
  return draftIn((await api.userdata.read(path)).content);
}

/** Open these here; the server forgets them as another's when it has them as this page's. */
export async function openOffers(chosen: readonly DraftFile[]): Promise<void> {
  await attempt(async () => {
    for (const offer of chosen) {
      const draft = await readOffer(offer);
      if (!draft) {
        toast(text.draftUnreadable, "error");
        continue;
      }
      const tab = taken(draft);
      await sendDrafts();
      const now = useWorkspace.getState().tabs.find(({ id }) => id === tab.id);
      if (now && isDrafted(now)) await removeDraft(offer.path);
      forget(offer);
    }
  });
}

export async function discardOffers(chosen: readonly DraftFile[]): Promise<void> {
  if (!(await confirm(text.discardTitle(chosen.length), text.discardText, text.discardYes))) return;
  await attempt(async () => {
    for (const offer of chosen) {
      await removeDraft(offer.path);
      forget(offer);
    }
  });
}

async function findOffers(session: Session, known: readonly string[]): Promise<void> {
  await sendDrafts(); // before what dead sessions left is removed: it is this page's now
  const offers: DraftFile[] = [];
  for (const draft of await listDrafts()) {
    const isOwn = draft.browser === browserId();
    const isOpen = useWorkspace.getState().tabs.some((tab) => tab.id === draft.tab && isDrafted(tab));
    if (isOwn && known.includes(draft.session)) {
      if (draft.session !== session.id || !isOpen) await removeDraft(draft.path);
    } else if (!isOwn) offers.push(draft);
    else if (draft.session === session.id) {
      if (!isOpen) offers.push(draft); // the browser lost what it kept of this page
    } else await session.ifDead(draft.session, async () => void offers.push(draft));
  }
  const seen = JSON.parse(localStorage.getItem(SEEN) ?? "{}") as Record<string, number>;
  const told = offers.every(({ path, modified }) => seen[path] === modified);
  useOffers.setState({ offers: offers.toSorted((a, b) => b.modified - a.modified), told });
}

/** A tab of this page with what is in a draft. It has no job here that it waits for, but pictures. */
function taken({ tab, job }: Draft): Tab {
  const { tabs, restore } = useWorkspace.getState();
  const id = tabs.some((other) => other.id === tab.id) ? newTab("", tab.doc).id : tab.id;
  const here = { ...tab, id };
  restore([...tabs.filter((other) => tabs.length > 1 || !isBlank(other)), here], id);
  if (job) showJobs({ [id]: job });
  return here;
}

function forget(gone: DraftFile): void {
  useOffers.setState(({ offers, open }) => {
    const left = offers.filter((offer) => offer !== gone);
    return { offers: left, open: open && left.length > 0 };
  });
}

async function attempt(task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    toast(text.offersFailed(whyOf(error)), "error");
  }
}
