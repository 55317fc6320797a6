import { useEffect } from "react";
import { Icon } from "../shell/icons";
import { address } from "../api/http";
import { openForm } from "./actions";
import { Inputs } from "./Inputs";
import { Result } from "./Result";
import { RunBar } from "./RunBar";
import { Runs } from "./Runs";
import { formAddress } from "./server";
import { useForm } from "./store";
import { t } from "./strings";
import "./form.css";

/** A workflow as a form: what goes in, what comes out, and what came out before. */
export function FormPage({ name }: { name: string }) {
  const state = useForm((form) => form.state);
  const title = useForm((form) => form.workflow?.title ?? name);
  useEffect(() => {
    document.title = t.pageTitle(title);
  }, [title]);

  return (
    <div className="form-page">
      <header className="form-bar">
        <a className="icon-btn" href={formAddress()} aria-label={t.all} title={t.all}>
          <Icon name="queue" />
        </a>
        <h1>{title}</h1>
        <a className="btn quiet" href={address(".")}>
          {t.editor}
        </a>
      </header>
      <main>
        {state === "loading" && <p className="empty">{t.loading}</p>}
        {state === "failed" && <Failed name={name} />}
        {state === "ready" && (
          <>
            <div className="form-column">
              <Inputs />
              <RunBar />
            </div>
            <div className="form-column">
              <Result />
              <Runs />
            </div>
          </>
        )}
      </main>
      <Said />
    </div>
  );
}

/** What has happened, for those who cannot see it. */
function Said() {
  const said = useForm((form) => form.said);
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}

function Failed({ name }: { name: string }) {
  const why = useForm((form) => form.why);
  return (
    <section className="form-trouble" role="alert">
      <h2>{t.noForm}</h2>
      <p>{why}</p>
      <button type="button" className="btn" onClick={() => void openForm(name)}>
        {t.tryAgain}
      </button>
    </section>
  );
}
