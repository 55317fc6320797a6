import { showInFavicon } from "./favicon";
import { useSettings } from "../shell/settings";
import { toast } from "../shell/toast";
import { useRun, type RunStore, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { progressOf } from "./progress";
import { t } from "./strings";
import { duration } from "./times";

/** The icon moves on by such steps: each change of it is work for the browser. */
const STEPS = 20;

/** How far the run is that the page shows to who looks elsewhere, 0 to 1: the active tab's, or else any; null if none. */
export function shareUnderWay({ runs }: RunStore, active: string): number | null {
  const running = (run: TabRun | undefined) => run?.state === "running";
  const run = running(runs[active]) ? runs[active] : Object.values(runs).find(running);
  return run ? progressOf(run) : null;
}

/** Tell those who look elsewhere: by the icon while jobs run, and when one has ended, if they want that. */
export function startAnnouncing(): () => void {
  const stops = [
    useRun.subscribe((now, before) => {
      if (now.runs === before.runs) return;
      const share = shareUnderWay(now, useWorkspace.getState().active);
      showInFavicon(share === null ? null : Math.floor(share * STEPS) / STEPS);
      if (document.hidden && useSettings.getState().notify) endedIn(now, before).forEach(notify);
    }),
    useSettings.subscribe(({ notify }, before) => {
      if (notify && !before.notify) void askForLeave();
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

/** The tabs whose run has just come to its end. One that was stopped is known to who stopped it. */
function endedIn(now: RunStore, before: RunStore): [string, TabRun][] {
  return Object.entries(now.runs).filter(
    ([tab, { state }]) => before.runs[tab]?.state === "running" && (state === "succeeded" || state === "failed"),
  );
}

/** One for each tab: a later one takes the place of the one before. */
function notify([tab, { state, startedAt, endedAt }]: [string, TabRun]): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const name = useWorkspace.getState().tabs.find(({ id }) => id === tab)?.name ?? t.run.run;
  const end = state as "succeeded" | "failed";
  const body = startedAt && endedAt ? t.run.took[end](duration((endedAt - startedAt) / 1000)) : t.run.ended[end];
  const shown = new Notification(name, { body, tag: `wireloom ${tab}` });
  shown.onclick = () => {
    window.focus();
    useWorkspace.getState().activate(tab);
    shown.close();
  };
}

/** The browser asks the user. If the answer is no, or it cannot be asked, the setting is off again. */
async function askForLeave(): Promise<void> {
  const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
  if (answer === "granted") return;
  useSettings.setState({ notify: false });
  toast(t.run.noNotifications, "error");
}
