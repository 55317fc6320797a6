import { api } from "../api/client";
import { loadMore, loadRun } from "./actions";
import { FORM } from "./Inputs";
import { useForm } from "./store";
import { t } from "./strings";
import type { FormJob } from "./types";

/** The runs of this workflow, newest first. One that is pressed puts its inputs back into the fields. */
export function Runs() {
  const past = useForm((form) => form.past);
  const more = useForm((form) => form.next !== null);
  return (
    <section className="form-runs" aria-label={t.runs}>
      <h2>{t.runs}</h2>
      {past.length === 0 && <p className="muted">{t.noRuns}</p>}
      <ul>
        {past.map((job) => (
          <li key={job.id}>
            <PastRun job={job} />
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" className="btn" onClick={() => void loadMore()}>
          {t.more}
        </button>
      )}
    </section>
  );
}

function PastRun({ job }: { job: FormJob }) {
  const isShown = useForm((form) => form.shown?.id === job.id);
  const when = new Date(job.created).toLocaleString();
  return (
    <button
      type="button"
      className="form-past"
      aria-current={isShown || undefined}
      aria-label={t.loadRun(when, job.state)}
      onClick={() => {
        loadRun(job);
        document.getElementById(FORM)?.scrollIntoView?.({ block: "start" }); // on a phone it is far above
      }}
    >
      <Thumbnail job={job} />
      <span className="form-past-text">
        <span className="form-past-inputs">{wordsOf(job)}</span>
        <time className="muted" dateTime={job.created}>
          {when}
        </time>
        <span className="muted">
          {t.ended(job.state)}
          {job.seconds.running !== null && `, ${t.seconds(job.seconds.running)}`}
        </span>
      </span>
    </button>
  );
}

function Thumbnail({ job }: { job: FormJob }) {
  const files = Object.values(job.outputs).flatMap((output) => output.files);
  const picture = files.find((file) => file.media_type.startsWith("image/"));
  if (!picture) return <span className="form-thumbnail" />;
  const src = api.viewUrl(picture, { preview: "webp;80" });
  return <img className="form-thumbnail" src={src} alt="" loading="lazy" decoding="async" />;
}

/** The texts that went in: what people tell runs apart by. */
function wordsOf({ inputs }: FormJob): string {
  return Object.values(inputs)
    .filter((value) => typeof value === "string" && value.includes(" "))
    .join(" · ");
}
