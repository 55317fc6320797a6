import { useEffect, useState } from "react";
import { SweepBar } from "../sweep/SweepBar";
import { api } from "../api/client";
import { shownKeys } from "../shell/keys";
import { Icon } from "../shell/icons";
import { refreshJobs, useJobs } from "../store/jobs";
import { startAnnouncing } from "./announce";
import { startAutoRun } from "./auto_run";
import { AutoRunChip } from "./AutoRunChip";
import { attempt, MOST_RUNS, registerRunCommands, runActive, sayProblem, useRunCount } from "./run_actions";
import { RunMenu } from "./RunMenu";
import { RunStatus } from "./RunStatus";
import { t } from "./strings";
import { startTellingRuns } from "./tell_run";
import "./run.css";

/** Run, the other ways to run, stop, and how it goes. */
export function RunBar() {
  useEffect(registerRunCommands, []);
  useEffect(() => startAutoRun(sayProblem), []);
  useEffect(startAnnouncing, []);
  useEffect(startTellingRuns, []);
  const count = useRunCount((run) => run.count);

  return (
    <div className="run-bar" role="group" aria-label={t.run.bar}>
      <RunStatus />
      <SweepBar />
      <div className="run-buttons">
        <AutoRunChip />
        <CountField />
        <button
          type="button"
          className="btn primary run-button"
          title={`${t.run.run} (${shownKeys("Ctrl+Enter")})`}
          onClick={() => attempt(runActive({ count }))}
        >
          <Icon name="play" size={14} />
          {t.run.run}
        </button>
        <RunMenu />
      </div>
      <InterruptButton />
    </div>
  );
}

/** How often to run. What is typed counts when the field is left, or Enter is pressed. */
function CountField() {
  const { count, setCount } = useRunCount();
  const [typed, setTyped] = useState<string | null>(null);
  const keep = () => {
    if (typed !== null) setCount(Number(typed));
    setTyped(null);
  };
  return (
    <label className="run-count" title={t.run.countHint}>
      <span aria-hidden="true">×</span>
      <input
        type="number"
        aria-label={t.run.count}
        min={1}
        max={MOST_RUNS}
        value={typed ?? count}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => event.key === "Enter" && keep()}
      />
    </label>
  );
}

function InterruptButton() {
  const runs = useJobs((jobs) => jobs.queue.some((job) => job.status === "in_progress"));
  return (
    <button
      type="button"
      className="icon-btn run-stop"
      aria-label={t.run.interrupt}
      title={t.run.interrupt}
      disabled={!runs}
      onClick={() => attempt(api.interrupt().then(refreshJobs))}
    >
      <Icon name="stop" />
    </button>
  );
}
