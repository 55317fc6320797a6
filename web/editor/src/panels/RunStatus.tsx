import { useSettings } from "../shell/settings";
import { useFaults, useRun, type TabRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { isAllRemembered, nodeAtWork, progressOf, secondsOf } from "./progress";
import { t } from "./strings";
import { clock, duration } from "./times";
import { useNow } from "./useNow";
import { useRemaining } from "./useRemaining";
import { useTitle } from "./useTitle";

/** How the newest run of the active tab goes or ended, and how many jobs wait. */
export function RunStatus() {
  const tab = useWorkspace((workspace) => workspace.active);
  const run = useRun((store) => store.runs[tab]);
  const faults = useFaults(tab).length;
  return (
    <div className="run-status">
      {isUnderWay(run) || faults === 0 ? run && <RunOfTab tab={tab} run={run} /> : <Problems count={faults} />}
      <QueueLength />
    </div>
  );
}

function isUnderWay(run: TabRun | undefined): boolean {
  return run?.state === "pending" || run?.state === "running";
}

/** That the workflow was refused or failed, and the way to what is wrong. */
function Problems({ count }: { count: number }) {
  return (
    <button type="button" className="run-problems" onClick={() => useSettings.setState({ panel: "problems" })}>
      {t.run.problems(count)}
    </button>
  );
}

function RunOfTab({ tab, run }: { tab: string; run: TabRun }) {
  if (run.state === "pending") return <span className="run-text">{t.run.waiting}</span>;
  if (run.state === "running") return <Running tab={tab} run={run} />;
  const seconds = secondsOf(run);
  const end = isAllRemembered(run) ? t.run.unchanged : t.run.ended[run.state];
  return (
    <span className="run-text" data-state={run.state}>
      {seconds === null || isAllRemembered(run) ? end : t.run.took[run.state](duration(seconds))}
    </span>
  );
}

function Running({ tab, run }: { tab: string; run: TabRun }) {
  const now = useNow(1000, true);
  const left = useRemaining(tab, run, now);
  const atWork = nodeAtWork(run);
  const title = useTitle(atWork);
  const node = atWork === null ? undefined : run.nodes[atWork];
  return (
    <span className="run-text" data-state="running">
      {title && <span className="run-node">{title}</span>}
      {node?.max !== undefined && (
        <span className="run-steps">
          {node.value}/{node.max}
        </span>
      )}
      {run.startedAt && <time className="run-clock">{clock((now - run.startedAt) / 1000)}</time>}
      {left !== null && <span className="run-left">{t.run.left(clock(left))}</span>}
      <progress aria-label={t.run.progress} max={1} value={progressOf(run)} />
    </span>
  );
}

function QueueLength() {
  const remaining = useRun((run) => run.remaining);
  if (remaining === 0) return null;
  return (
    <span className="badge" title={t.run.queue(remaining)}>
      <span className="visually-hidden">{t.run.queue(remaining)}</span>
      <span aria-hidden="true">{remaining}</span>
    </span>
  );
}
