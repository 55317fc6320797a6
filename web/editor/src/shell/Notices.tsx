import { useRun } from "../store/run";
import { loadSpecs, useSpecs } from "../store/specs";
import { t } from "./strings";

/** Said over the canvas while the server does not answer. */
export function ConnectionBanner() {
  const lost = useRun((run) => run.connection === "lost");
  return (
    <div role="status" aria-live="polite">
      {lost && <p className="notice warn">{t.shell.connectionLost}</p>}
    </div>
  );
}

/** Over the canvas until the node types are known: nothing can be drawn rightly before. */
export function FirstLoad() {
  const state = useSpecs((store) => store.state);
  if (state === "ready") return null;
  if (state === "loading") {
    return (
      <div className="first-load" role="status">
        <progress aria-label={t.shell.loading} />
        <p>{t.shell.loading}</p>
      </div>
    );
  }
  return (
    <div className="first-load" role="alert">
      <h2>{t.shell.loadingFailed}</h2>
      <p>{t.shell.loadingFailedHint}</p>
      <button type="button" className="btn primary" onClick={tryAgain}>
        {t.shell.tryAgain}
      </button>
    </div>
  );
}

function tryAgain(): void {
  useSpecs.setState({ state: "loading" });
  void loadSpecs();
}
