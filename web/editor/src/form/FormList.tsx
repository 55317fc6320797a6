import { useEffect, useState } from "react";
import { address, HttpError } from "../api/http";
import { formAddress, server } from "./server";
import { t } from "./strings";
import type { Listed } from "./types";
import "./form.css";

/** All workflows, each the way to its form. */
export function FormList() {
  const [listed, setListed] = useState<readonly Listed[] | null>(null);
  const [why, setWhy] = useState("");

  useEffect(() => {
    document.title = t.pageTitle(t.listTitle);
    server.workflows().then(setListed, (error: unknown) => {
      if (!(error instanceof HttpError)) throw error;
      setWhy(error.message);
    });
  }, []);

  return (
    <div className="form-page">
      <header className="form-bar">
        <h1>{t.listTitle}</h1>
        <a className="btn quiet" href={address(".")}>
          {t.editor}
        </a>
      </header>
      <main>
        <div className="form-column">
          <p className="muted">{t.listHint}</p>
          {why && (
            <p className="form-wrong" role="alert">
              {why}
            </p>
          )}
          {listed && <Listing title={t.saved} workflows={listed.filter(({ source }) => source === "saved")} />}
          {listed && <Listing title={t.shipped} workflows={listed.filter(({ source }) => source === "shipped")} />}
        </div>
      </main>
    </div>
  );
}

function Listing({ title, workflows }: { title: string; workflows: readonly Listed[] }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {workflows.length === 0 && <p className="muted">{t.noneSaved}</p>}
      <ul>
        {workflows.map(({ name, title: called }) => (
          <li key={name}>
            <a className="form-link" href={formAddress(name)}>
              {called}
              {called !== name && <span className="muted">{name}</span>}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
