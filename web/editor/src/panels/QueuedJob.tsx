import { memo } from "react";
import type { Job } from "../api/types";
import { Icon } from "../shell/icons";
import { cancelJob } from "../store/jobs";
import { useRun, type TabRun } from "../store/run";
import { nodeAtWork, previewOf, progressOf } from "./progress";
import { attempt } from "./run_actions";
import { t } from "./strings";
import { clock, moment } from "./times";
import { useNow } from "./useNow";
import { useTabName } from "./useTabName";

/** A job that runs or waits. */
export const QueuedJob = memo(function QueuedJob({ job }: { job: Job }) {
  const name = useTabName(job.id);
  const running = job.status === "in_progress";
  return (
    <li className="job" data-status={job.status}>
      {running ? <LivePreview jobId={job.id} /> : <span className="job-thumb" aria-hidden="true" />}
      <div className="job-text">
        <strong className="job-name">{name ?? t.queue.states[job.status]}</strong>
        {running ? <Progress job={job} /> : <span className="muted">{waitingSince(job, name)}</span>}
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

function waitingSince(job: Job, name: string | null): string {
  const since = moment(job.create_time);
  return name === null ? since : t.queue.job(t.queue.states.pending, since);
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
  const now = useNow(1000, true);
  const atWork = run && nodeAtWork(run);
  const node = atWork ? run.nodes[atWork] : undefined;
  const started = run?.startedAt ?? job.execution_start_time;
  return (
    <>
      <span className="muted job-line">
        {node?.max === undefined ? t.queue.states.in_progress : `${node.value} / ${node.max}`}
        {started !== undefined && started > 0 && <time>{clock((now - started) / 1000)}</time>}
      </span>
      <progress aria-label={t.run.progress} max={1} {...(run ? { value: progressOf(run) } : {})} />
    </>
  );
}
