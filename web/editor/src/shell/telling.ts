import { activeTab, useWorkspace, type Tab } from "../store/workspace";
import { say } from "./speech";
import { t } from "./strings";

/** Tell screen readers what was done to the workflow and undone. What comes back ends it. */
export function startTelling(): () => void {
  return useWorkspace.subscribe((now, before) => {
    if (now.tabs === before.tabs || now.active !== before.active) return;
    const text = stepText(activeTab(now), activeTab(before));
    if (text !== null) say(text);
  });
}

/** What has just become of a tab's steps, in words. Of what is typed or dragged on, only what it led to is of interest. */
export function stepText(now: Tab, before: Tab): string | null {
  if (now.id !== before.id || now.past === before.past) return null;
  if (now.future.length > before.future.length) return t.commands.undone(now.future[0]!.label);
  const last = now.past[now.past.length - 1];
  if (last !== undefined && before.future[0] === last) return t.commands.redone(last.label);
  return last === undefined || last.merge !== undefined ? null : last.label;
}
