import { Icon } from "../shell/icons";
import { stop } from "./actions";
import { FORM } from "./Inputs";
import type { Progress } from "./progress";
import { useForm } from "./store";
import { t } from "./strings";

/** Run or stop, always in reach; how far it is, and what is wrong with all of it. */
export function RunBar() {
  const running = useForm((form) => form.running);
  const whole = useForm((form) => form.refusals.whole);
  return (
    <div className="form-run">
      {whole.length > 0 && (
        <div className="form-wrong" role="alert">
          {whole.map((each) => (
            <p key={each}>{each}</p>
          ))}
        </div>
      )}
      {running && <HowFar progress={running.progress} />}
      {running ? (
        <button type="button" className="btn" disabled={running.id === undefined} onClick={() => void stop()}>
          <Icon name="stop" /> {t.stop}
        </button>
      ) : (
        <button type="submit" form={FORM} className="btn primary">
          <Icon name="play" /> {t.run}
        </button>
      )}
    </div>
  );
}

function HowFar({ progress: { state, value, total, says } }: { progress: Progress }) {
  const known = value !== undefined && total !== undefined && total > 0;
  return (
    <div className="form-progress">
      <span>{says ?? t.state(state)}</span>
      {known && <span className="muted">{t.steps(value, total)}</span>}
      <progress aria-label={t.progress} max={1} {...(known ? { value: value / total } : {})} />
    </div>
  );
}
