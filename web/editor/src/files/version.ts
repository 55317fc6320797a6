import { useWorkspace, type Tab } from "../store/workspace";
import { nameOf } from "./names";

/** The tab of this file was opened with the file's content of this version. */
export function noteVersion(path: string, version: string | null): void {
  changeTabs((tab) => (tab.path === path ? { ...tab, version } : tab));
}

/** Tabs of a file that lies elsewhere now, or (null) nowhere: what they hold is saved no more. */
export function follow(from: string, to: string | null): void {
  const moved = (tab: Tab): Tab =>
    to === null ? { ...tab, path: null, version: null, savedAt: -1 } : { ...tab, path: to, name: nameOf(to) };
  changeTabs((tab) => (tab.path === from ? moved(tab) : tab));
}

/** A tab, as it was then, is in this file now. What was done to it since is not. */
export function nowIn(then: Tab, path: string, version: string | null): void {
  const saved = (tab: Tab): Tab => ({ ...tab, path, name: nameOf(path), version, savedAt: placeInLog(tab, then) });
  changeTabs((tab) => (tab.id === then.id ? saved(tab) : tab));
}

/** How long the log was then, if that state can still be come back to; else -1. */
function placeInLog(now: Tab, then: Tab): number {
  const length = then.past.length;
  const log = [...now.past, ...now.future];
  return length === 0 || log[length - 1] === then.past[length - 1] ? length : -1;
}

function changeTabs(of: (tab: Tab) => Tab): void {
  useWorkspace.setState(({ tabs }) => ({ tabs: tabs.map(of) }));
}
