import * as Menu from "@radix-ui/react-dropdown-menu";
import { memo } from "react";
import type { Job } from "../api/types";
import { Icon } from "../shell/icons";
import { forgetJob } from "../store/jobs";
import { t as sweeps } from "../sweep/strings";
import { isSweep, showTableOf } from "../sweep/table";
import { isGone, markGone, useGone } from "./gone";
import { openWorkflowOf, runAgain, showJob } from "./job_actions";
import { knownPictures, thumbnailUrl } from "./job_pictures";
import { attempt } from "./run_actions";
import { t } from "./strings";
import { duration, moment } from "./times";
import { useTabName } from "./useTabName";

/** A job that has ended: its first picture, how it went, and what can be done with it. */
export const EndedJob = memo(function EndedJob({ job }: { job: Job }) {
  const name = useTabName(job.id);
  const gone = useGone();
  const picture = knownPictures(job, {}).find((each) => !isGone(gone, each, job.execution_start_time));
  const state = t.queue.states[job.status];
  const problem = job.execution_error?.exception_message;
  return (
    <li className="job" data-status={job.status}>
      <button
        type="button"
        className="job-main"
        aria-label={t.queue.job(state, moment(job.create_time))}
        onClick={() => attempt(picture ? showJob(job) : openWorkflowOf(job))}
        title={picture ? t.queue.show : t.queue.open}
      >
        <span className="job-thumb">
          {picture && (
            <img src={thumbnailUrl(picture)} alt="" loading="lazy" decoding="async" onError={() => markGone(picture)} />
          )}
          {job.outputs_count > 1 && <span className="job-count">{job.outputs_count}</span>}
        </span>
        <span className="job-text">
          <strong className="job-name">{name ?? moment(job.create_time)}</strong>
          <span className="muted job-line">
            <span className="job-state">{state}</span>
            <span>{tookOf(job)}</span>
          </span>
          {problem && <span className="job-problem">{problem}</span>}
        </span>
      </button>
      <JobMenu job={job} hasPicture={picture !== undefined} />
    </li>
  );
});

function tookOf(job: Job): string {
  const { execution_start_time: start, execution_end_time: end } = job;
  return start && end ? duration((end - start) / 1000) : "";
}

function JobMenu({ job, hasPicture }: { job: Job; hasPicture: boolean }) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="icon-btn small job-more" aria-label={t.queue.more}>
        <Icon name="more" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end">
          {hasPicture && (
            <Menu.Item className="menu-item" onSelect={() => attempt(showJob(job))}>
              {t.queue.show}
            </Menu.Item>
          )}
          {isSweep(job) && (
            <Menu.Item className="menu-item" onSelect={() => attempt(showTableOf(job.id))}>
              {sweeps.table.command}
            </Menu.Item>
          )}
          <Menu.Item className="menu-item" onSelect={() => attempt(openWorkflowOf(job))}>
            {t.queue.open}
          </Menu.Item>
          <Menu.Item className="menu-item" onSelect={() => attempt(runAgain(job))}>
            {t.queue.again}
          </Menu.Item>
          <Menu.Separator className="menu-separator" />
          <Menu.Item className="menu-item danger" onSelect={() => attempt(forgetJob(job.id))}>
            {t.queue.forget}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
