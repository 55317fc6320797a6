import { confirm } from "../files/ask";
import { Icon } from "../shell/icons";
import { Panel } from "../shell/Panel";
import { clearHistory, clearQueue, useJobs } from "../store/jobs";
import { EndedJob } from "./EndedJob";
import { QueuedJob } from "./QueuedJob";
import { attempt } from "./run_actions";
import { t } from "./strings";
import "./panels.css";
import "./queue.css";

/** What runs, what waits, and what became of what ran. */
export function QueuePanel() {
  const state = useJobs((jobs) => jobs.state);
  const isEmpty = useJobs((jobs) => jobs.queue.length + jobs.history.length === 0);

  return (
    <Panel title={t.queue.title}>
      {state === "failed" && <p className="queue-lost">{t.queue.lost}</p>}
      {state === "loading" && <p className="empty">{t.queue.loading}</p>}
      {state === "ready" && isEmpty ? <Nothing /> : <Lists />}
    </Panel>
  );
}

function Nothing() {
  return (
    <div className="empty">
      <h3>{t.queue.nothing}</h3>
      <p>{t.queue.nothingHint}</p>
    </div>
  );
}

function Lists() {
  const queue = useJobs((jobs) => jobs.queue);
  const history = useJobs((jobs) => jobs.history);
  return (
    <div className="queue">
      {queue.length > 0 && (
        <section>
          <header className="queue-heading">
            <h3>{t.queue.now}</h3>
            <ClearQueue />
          </header>
          <ul className="job-list" aria-label={t.queue.now}>
            {queue.map((job) => (
              <QueuedJob key={job.id} job={job} />
            ))}
          </ul>
        </section>
      )}
      {history.length > 0 && (
        <section>
          <header className="queue-heading">
            <h3>{t.queue.past}</h3>
            <ClearHistory />
          </header>
          <ul className="job-list" aria-label={t.queue.past}>
            {history.map((job) => (
              <EndedJob key={job.id} job={job} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function ClearQueue() {
  const waiting = useJobs((jobs) => jobs.queue.filter((job) => job.status === "pending").length);
  if (waiting === 0) return null;
  return (
    <button type="button" className="queue-clear" onClick={() => attempt(clearQueue())}>
      {t.queue.clear}
    </button>
  );
}

function ClearHistory() {
  const clear = async () => {
    if (await confirm(t.queue.clearPast, t.queue.reallyClear, t.queue.clearPast)) await clearHistory();
  };
  return (
    <button
      type="button"
      className="icon-btn small"
      aria-label={t.queue.clearPast}
      title={t.queue.clearPast}
      onClick={() => attempt(clear())}
    >
      <Icon name="trash" size={14} />
    </button>
  );
}
