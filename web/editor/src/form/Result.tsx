import { useEffect, useRef } from "react";
import { address } from "../api/http";
import { Icon } from "../shell/icons";
import { useForm } from "./store";
import { t } from "./strings";
import type { FormJob, Output, OutputFile } from "./types";

/** As in `form.css`. */
const ONE_COLUMN = "(max-width: 899px)";

/** What comes out: the unfinished picture while it runs, and then the outputs of the run that is looked at. */
export function Result() {
  const preview = useForm((form) => form.running?.progress.preview);
  const shown = useForm((form) => form.shown);
  const isRunning = useForm((form) => form.running !== null);
  const section = useRef<HTMLElement>(null);

  // Who has pressed Run wants to see what comes: on a phone it lies below the fields.
  useEffect(() => {
    if (isRunning && window.matchMedia?.(ONE_COLUMN).matches) section.current?.scrollIntoView({ block: "start" });
  }, [isRunning]);

  return (
    <section ref={section} className="form-result" aria-label={t.result}>
      <h2>{t.result}</h2>
      {preview !== undefined && <img className="form-picture" src={preview} alt={t.preview} />}
      {preview === undefined && (shown ? <Outputs job={shown} /> : <p className="muted">{t.nothingYet}</p>)}
    </section>
  );
}

function Outputs({ job }: { job: FormJob }) {
  const outputs = Object.entries(job.outputs);
  if (outputs.length === 0) return <p className="muted">{t.nothingShown}</p>;
  return outputs.map(([name, output]) => <OneOutput key={name} name={name} output={output} />);
}

function OneOutput({ name, output: { files, data } }: { name: string; output: Output }) {
  return (
    <figure className="form-output">
      <figcaption>{name}</figcaption>
      {files.map((file, at) => (
        <Shown key={file.url} file={file} label={t.picture(name, at + 1, files.length)} />
      ))}
      {textsIn(data).map((text, at) => (
        <pre key={at}>{text}</pre>
      ))}
    </figure>
  );
}

function Shown({ file, label }: { file: OutputFile; label: string }) {
  const url = address(file.url);
  return (
    <div className="form-file">
      {file.media_type.startsWith("image/") && (
        <a href={url} target="_blank" rel="noreferrer">
          <img className="form-picture" src={url} alt={label} />
        </a>
      )}
      <a className="btn" href={url} download={file.filename}>
        <Icon name="download" /> {t.download(file.filename)}
      </a>
    </div>
  );
}

function textsIn(data: Output["data"]): string[] {
  return Object.values(data).flatMap((items) => items.filter((item) => typeof item === "string"));
}
