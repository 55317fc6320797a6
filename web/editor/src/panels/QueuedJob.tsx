import { memo } from "react";
import type { Job } from "../api/types";
import { Icon } from "../shell/icons";
import { cancelJob, useJobs } from "../store/jobs";
import { useRun, type TabRun } from "../store/run";
import { nodeAtWork, previewOf, progressOf } from "./progress";
import { attempt } from "./run_actions";
import { t } from "./strings";
import { clock, moment } from "./times";
import { useNow } from "./useNow";
import { useRemaining } from "./useRemaining";
import { useTabName } from "./useTabName";

/** A job that runs or waits. */
export const QueuedJob = memo(function QueuedJob({ job }: { job: Job }) {
  const name = useTabName(job.id);
  const running = job.status === "in_progress";
  return (
    <li className="job" data-status={job.status}>
      {running ? <LivePreview jobId={job.id} /> : <Place job={job} />}
      <div className="job-text">
        <strong className="job-name">{name ?? t.queue.states[job.status]}</strong>
        {running ? <Progress job={job} /> : <Waiting job={job} />}
      </div>
      <button
        type="button"
        className="icon-btn small"
        aria-label={t.queue.cancel}
        title={t.queue.cancel}
        onClick={() => attempt(cancelJob(job.id))}
      >
        <Icon name="close" size={14} />
      </button>
    </li>
  );
});

/** Its place among those that wait, counted from 1. */
function usePlace(job: Job): number {
  return useJobs(({ queue }) => queue.filter(({ status }) => status === "pending").indexOf(job) + 1);
}

/** In place of a picture, which there is none of yet. */
function Place({ job }: { job: Job }) {
  const place = usePlace(job);
  return (
    <span className="job-thumb job-place" aria-hidden="true">
      {place > 0 && place}
    </span>
  );
}

/** When its turn is, and since when it waits. */
function Waiting({ job }: { job: Job }) {
  const place = usePlace(job);
  return (
    <span className="muted job-line">
      <span>{place === 1 ? t.queue.isNext : t.queue.place(place)}</span>
      <time>{moment(job.create_time)}</time>
    </span>
  );
}

/** The run of a job of ours; of others the server tells nothing but that they run. */
function useRunOf(jobId: string): TabRun | undefined {
  return useRun((store) => {
    const run = store.runs[store.tabOf[jobId] ?? ""];
    return run?.jobId === jobId ? run : undefined;
  });
}

function LivePreview({ jobId }: { jobId: string }) {
  const preview = previewOf(useRunOf(jobId));
  return (
    <span className="job-thumb" data-live={preview !== null}>
      {preview && <img src={preview} alt={t.queue.preview} />}
    </span>
  );
}

function Progress({ job }: { job: Job }) {
  const run = useRunOf(job.id);
  const tab = useRun((store) => store.tabOf[job.id] ?? "");
  const now = useNow(1000, true);
  const atWork = run && nodeAtWork(run);
  const node = atWork ? run.nodes[atWork] : undefined;
  const left = useRemaining(tab, run, now);
  const started = run?.startedAt ?? job.execution_start_time;
  return (
    <>
      <span className="muted job-line">
        {node?.max === undefined ? t.queue.states.in_progress : `${node.value} / ${node.max}`}
        {started !== undefined && started > 0 && <time>{clock((now - started) / 1000)}</time>}
        {left !== null && <span>{t.run.left(clock(left))}</span>}
      </span>
      <progress aria-label={t.run.progress} max={1} {...(run ? { value: progressOf(run) } : {})} />
    </>
  );
}
