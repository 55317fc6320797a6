import { create } from "zustand";
import { useWorkspace, type Tab } from "../store/workspace";
import type { FileAction } from "./actions";
import { lastJobOf, showJobs } from "./last_jobs";
import { isBlank } from "./open";
import { files as text } from "./strings";

/** As an entry of the menu, and a command. Ctrl+Shift+T is the browser's. */
export const reopenAction: FileAction = {
  id: "file.reopen",
  label: text.reopen,
  keys: "Alt+Shift+T",
  run: reopenClosed,
};

interface Closed {
  readonly tab: Tab;
  readonly job: string | undefined;
}

const MOST = 20;

/** Workflows that were closed, the last one last. */
export const useClosed = create<{ closed: readonly Closed[] }>()(() => ({ closed: [] }));

/** Remember what is closed. What comes back ends it. */
export function startClosed(): () => void {
  return useWorkspace.subscribe(({ tabs }, before) => {
    if (tabs === before.tabs) return;
    const open = new Set(tabs.map(({ id }) => id));
    const gone = before.tabs.filter((tab) => !open.has(tab.id) && !isBlank(tab));
    if (gone.length === 0) return;
    const news = gone.map((tab) => ({ tab, job: lastJobOf(tab.id) }));
    useClosed.setState(({ closed }) => ({ closed: [...closed, ...news].slice(-MOST) }));
  });
}

/** Open again what was closed last, with its undo. */
export function reopenClosed(): void {
  const last = useClosed.getState().closed.at(-1);
  if (!last) return;
  useClosed.setState(({ closed }) => ({ closed: closed.slice(0, -1) }));
  const { tabs, restore, activate } = useWorkspace.getState();
  const { tab, job } = last;
  const shown = tab.path === null ? undefined : tabs.find((other) => other.path === tab.path);
  if (shown) return activate(shown.id); // its file has been opened since
  restore([...tabs.filter((other) => tabs.length > 1 || !isBlank(other)), tab], tab.id);
  if (job) showJobs({ [tab.id]: job });
}
