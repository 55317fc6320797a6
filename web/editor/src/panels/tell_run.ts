import { say } from "../shell/speech";
import { useRun, type Fault, type TabRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { isAllRemembered, nodeAtWork, secondsOf } from "./progress";
import { picturesOfNode } from "./pictures";
import { t } from "./strings";
import { duration } from "./times";
import { titleOf } from "./useTitle";

/** Progress is told no more often: a voice takes seconds, and says other things too. */
const TELL_EVERY_MS = 5000;
const PARTS_OF_A_NODE = 4;

/** Tell screen readers how the run of the active tab begins, goes and ends, and what is wrong. What comes back ends it. */
export function startTellingRuns(): () => void {
  let told = { at: 0, text: "" };
  const tell = (text: string) => {
    told = { at: Date.now(), text };
    say(text);
  };
  return useRun.subscribe((now, before) => {
    const tab = useWorkspace.getState().active;
    const [run, was] = [now.runs[tab], before.runs[tab]];
    const faults = now.faults[tab] ?? [];
    if (faults.length > 0 && faults !== before.faults[tab]) return tell(faultsText(faults, named));
    if (!run || run === was) return;
    if (run.jobId !== was?.jobId || run.state !== was.state) {
      // Why it failed is told by its faults, before or after.
      if (run.state !== "failed" || faults.length === 0) tell(stateText(run, now.remaining));
      return;
    }
    const text = progressText(run, named);
    if (text !== null && text !== told.text && Date.now() - told.at >= TELL_EVERY_MS) tell(text);
  });
}

function named(node: string): string {
  return titleOf(activeTab(useWorkspace.getState()).doc, useSpecs.getState().specs, node);
}

/** What a run has come to. */
export function stateText(run: TabRun, remaining: number): string {
  if (run.state === "pending") return t.run.told.pending(remaining);
  if (run.state !== "succeeded") return t.run.told[run.state];
  if (isAllRemembered(run)) return t.run.told.unchanged;
  const seconds = secondsOf(run);
  const pictures = Object.entries(run.nodes).flatMap(([id, { output }]) => picturesOfNode(output, id));
  return t.run.told.succeeded(seconds === null ? "" : duration(seconds), pictures.length);
}

/** Which node is at work, and how far it is, in quarters: the text changes no more often. Null if none is. */
export function progressText(run: TabRun, titleOfNode: (id: string) => string): string | null {
  const id = run.state === "running" ? nodeAtWork(run) : null;
  if (id === null) return null;
  const { value, max } = run.nodes[id] ?? {};
  const share = value !== undefined && max ? Math.floor((value / max) * PARTS_OF_A_NODE) / PARTS_OF_A_NODE : null;
  return t.run.told.node(titleOfNode(id), share === null ? null : share * 100);
}

/** How many, and the first one with its place. */
export function faultsText(faults: readonly Fault[], titleOfNode: (id: string) => string): string {
  const { node, input, message } = faults[0]!;
  const place = node === null ? [] : [titleOfNode(node), ...(input === null ? [] : [input])];
  return t.run.told.problems(faults.length, [...place, message].join(", "));
}
