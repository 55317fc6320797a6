import { clientId, takeClientId } from "../api/ids";
import { toast } from "../shell/toast";
import { isDirty, newTab, useWorkspace, type Tab, type Workspace } from "../store/workspace";
import { isDrafted } from "./drafts";
import { lastJobs, showJobs, startLastJobs } from "./last_jobs";
import { isBlank } from "./open";
import { startSession, type Session } from "./session";
import { discard, keep, kept, keptSessions, type Kept } from "./shelf";
import { files as text } from "./strings";
import { openDefault } from "./templates";

const DELAY_MS = 1000;

/** This page's session, which starts when it is first asked for. */
export const thisSession = once(startSession);

/**
 * Bring back what this browser tab had open, or else what browser tabs that are gone left; the default workflow if
 * there is nothing. Undo comes back with it. Return the sessions of which all that was kept is here.
 */
export async function recover(session: Promise<Session> = thisSession()): Promise<readonly string[]> {
  let known: readonly string[] = [];
  try {
    const { id, ifDead } = await session;
    const own = await kept(id);
    const { found, from } = own ? { found: own, from: [id] } : await takeOver(id, ifDead);
    known = from;
    if (found) {
      bringBack(found);
      return known;
    }
  } catch (error) {
    // The editor has to start, whatever the browser's storage is like.
    console.error(error);
    toast(text.notRecovered, "error");
  }
  await openDefault();
  return known;
}

/** Keep all tabs a second after a change, and when the page is hidden. What comes back ends it. Call after `recover`. */
export function startAutosave(session: Promise<Session> = thisSession()): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let written: readonly Tab[] = [];
  let failed = false;
  let writing = 0;

  const save = async () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const { tabs, active } = useWorkspace.getState();
    const changed = tabs.filter((tab) => !written.includes(tab));
    written = tabs;
    writing += 1;
    try {
      await keep((await session).id, { tabs, active, client: clientId(), jobs: lastJobs() }, changed);
      failed = false;
    } catch (error) {
      console.error(error);
      written = []; // nobody knows what was written: all of it next time
      if (!failed) toast(text.notKept, "error");
      failed = true;
    } finally {
      writing -= 1;
    }
  };
  const saveSoon = () => void (timer ??= setTimeout(save, DELAY_MS));
  const onChange = (now: Workspace, before: Workspace) => {
    if (now.tabs !== before.tabs || now.active !== before.active) saveSoon();
  };
  const onHide = () => {
    if (timer !== null) void save();
  };
  // The browser may drop what is being written when the page goes, so the user is asked to wait a moment.
  const onLeave = (event: BeforeUnloadEvent) => {
    const { tabs } = useWorkspace.getState();
    const late = tabs.filter((tab) => isDirty(tab) && !isDrafted(tab) && (writing > 0 || !written.includes(tab)));
    onHide();
    if (late.length > 0) event.preventDefault();
  };
  const stops = [useWorkspace.subscribe(onChange), startLastJobs(saveSoon)];
  document.addEventListener("visibilitychange", onHide);
  window.addEventListener("pagehide", onHide);
  window.addEventListener("beforeunload", onLeave);
  saveSoon(); // of what was brought back, not all need be this session's yet
  return () => {
    stops.forEach((stop) => stop());
    if (timer !== null) clearTimeout(timer);
    document.removeEventListener("visibilitychange", onHide);
    window.removeEventListener("pagehide", onHide);
    window.removeEventListener("beforeunload", onLeave);
  };
}

/** What was done before that was ready stays too. */
function bringBack({ tabs, active, client, jobs = {} }: Kept): void {
  if (client) takeClientId(client);
  const { tabs: now, restore } = useWorkspace.getState();
  const meanwhile = now.filter((tab) => !isBlank(tab) && !tabs.some((other) => other.id === tab.id));
  restore([...tabs, ...meanwhile], active);
  showJobs(jobs);
}

/** Make what dead sessions left this session's own; nothing is found if nobody worked on what they left. */
async function takeOver(own: string, ifDead: Session["ifDead"]) {
  let all: Kept | null = null;
  const from: string[] = [];
  for (const other of await keptSessions()) {
    await ifDead(other, async () => {
      const left = await kept(other);
      const worked = left?.tabs.filter((tab) => !isUntouched(tab)) ?? [];
      if (left && worked.length > 0) {
        all = joined(all, { ...left, tabs: worked });
        await keep(own, all); // before the other is discarded: a crash in between must not lose it
      }
      await discard(other);
      from.push(other);
    });
  }
  return { found: all as Kept | null, from };
}

/** Whether a tab is as the editor opens it by itself: then it is no work of anybody's. */
function isUntouched(tab: Tab): boolean {
  const asOpened = tab.path === null && tab.past.length + tab.future.length === 0;
  return isBlank(tab) || (asOpened && tab.name === text.defaultWorkflow);
}

function joined(some: Kept | null, more: Kept): Kept {
  const taken = new Set(some?.tabs.map((tab) => tab.id));
  const others = more.tabs.map((tab) => (taken.has(tab.id) ? { ...tab, id: newTab("", tab.doc).id } : tab));
  const tabs = [...(some?.tabs ?? []), ...others];
  const active = tabs.some((tab) => tab.id === more.active) ? more.active : tabs[0]!.id;
  return { ...some, ...more, tabs, active, jobs: { ...some?.jobs, ...more.jobs } };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
