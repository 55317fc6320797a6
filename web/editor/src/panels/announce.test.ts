import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useSettings } from "../shell/settings";
import { useRun, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { shareUnderWay, startAnnouncing } from "./announce";

const shown: { title: string; body: string }[] = [];
let permission = "granted";
let stop: () => void;
let tab = "";

beforeEach(() => {
  shown.length = 0;
  permission = "granted";
  class FakeNotification {
    static get permission() {
      return permission;
    }
    static requestPermission = async () => permission;
    constructor(title: string, { body }: { body: string }) {
      shown.push({ title, body });
    }
  }
  vi.stubGlobal("Notification", FakeNotification);
  document.head.innerHTML = '<link rel="icon" href="/own.svg">';
  useSettings.setState({ notify: true });
  tab = useWorkspace.getState().active;
  useRun.setState({ runs: {} });
  stop = startAnnouncing();
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const hide = (hidden: boolean) => vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
const icon = () => document.querySelector("link")!.href;
function run(state: TabRun["state"], done = 1): void {
  const nodes = { 1: { state: "running", value: done, max: 4 } } as const;
  useRun.setState({ runs: { [tab]: { jobId: "j", state, nodes, startedAt: 1000, endedAt: 4000 } } });
}

it("fills a ring in the icon while a job runs, and puts the icon back", () => {
  run("running", 1);
  const first = icon();
  run("running", 2);
  expect([first.slice(0, 18), icon().slice(0, 18)]).toEqual(["data:image/svg+xml", "data:image/svg+xml"]);
  expect(icon()).not.toBe(first);
  expect(shareUnderWay(useRun.getState(), "another tab")).toBe(0.5);
  run("succeeded");
  expect(icon()).toMatch(/own\.svg$/);
});

it("notifies of what has ended while the page is hidden, and of nothing else", () => {
  run("running");
  hide(false);
  run("succeeded");
  hide(true);
  run("running");
  run("cancelled");
  expect(shown).toEqual([]);
  run("running");
  run("failed");
  expect(shown).toEqual([{ title: useWorkspace.getState().tabs[0]!.name, body: "Failed after 3.0 s" }]);
  useSettings.setState({ notify: false });
  run("running");
  run("succeeded");
  expect(shown).toHaveLength(1);
});

it("turns the setting off again if the browser is not allowed to notify", async () => {
  useSettings.setState({ notify: false });
  permission = "denied";
  useSettings.setState({ notify: true });
  await vi.waitFor(() => expect(useSettings.getState().notify).toBe(false));
});
