import type { Verification } from "../api/verifying";
import type { Progress } from "../form/progress";
import { Dialog } from "../shell/Dialog";
import { againUrl, closeVerify, useVerify, verdictText, type Verifying } from "./store";
import { t } from "./strings";
import "./verify.css";

/** Whether a picture can be made again, and why not. */
export function VerifyDialog() {
  const shown = useVerify((store) => store.shown);
  if (!shown) return null;
  const { name, progress, result, why } = shown;
  return (
    <Dialog open onOpenChange={() => void closeVerify()} title={t.title(name)} wide={result !== null}>
      {progress && <UnderWay progress={progress} />}
      {why !== null && <p role="alert">{why}</p>}
      {result && <Result result={result} of={shown} />}
      <div className="dialog-actions">
        <button type="button" className={progress ? "btn" : "btn primary"} onClick={() => void closeVerify()}>
          {progress ? t.stop : t.close}
        </button>
      </div>
    </Dialog>
  );
}

function UnderWay({ progress: { state, value, total } }: { progress: Progress }) {
  const known = value !== undefined && total ? { value, max: total } : {};
  return (
    <>
      <p className="muted">{t.hint}</p>
      <p role="status">{t.states[state]}</p>
      <progress className="verify-progress" aria-label={t.progress} {...known} />
    </>
  );
}

function Result({ result, of }: { result: Verification; of: Verifying }) {
  const { verdict, reasons, errors, compared } = result;
  return (
    <>
      <p className="verdict" data-verdict={verdict}>
        <span aria-hidden="true">{t.signs[verdict ?? "failed"]}</span> {verdictText(result)}
      </p>
      {reasons.length > 0 && <Lines title={t.why} lines={reasons} />}
      {errors.length > 0 && <Lines title={t.errors} lines={errors} />}
      {verdict !== "identical" && <Both was={of.url} again={againUrl(result)} />}
      {compared.length > 0 && (
        <details>
          <summary>{t.compared(compared.length)}</summary>
          <ul className="verify-compared">
            {compared.map(({ about, name, status, text }) => (
              <li key={`${about} ${name}`}>
                <span className="badge" data-status={status}>
                  {t.statuses[status]}
                </span>{" "}
                {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  return (
    <section className="verify-lines">
      <h3>{title}</h3>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

/** Side by side, as far as both are there. */
function Both({ was, again }: { was: string; again: string | null }) {
  if (again === null) return null;
  return (
    <div className="verify-both">
      {[
        [was, t.was],
        [again, t.again],
      ].map(([url, label]) => (
        <figure key={label}>
          <img src={url} alt={label} />
          <figcaption className="muted">{label}</figcaption>
        </figure>
      ))}
    </div>
  );
}
