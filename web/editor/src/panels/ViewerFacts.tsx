import { useEffect, useState } from "react";
import { HttpError } from "../api/client";
import { factsOf, type Facts } from "./facts";
import { sourceOf } from "./source";
import { t } from "./strings";
import type { Shown } from "./viewer_store";
import type { Size } from "./zoom";

/** What is known of a picture: its size, and what made it. */
export function ViewerFacts({ shown, size }: { shown: Shown; size: Size | null }) {
  const facts = useFacts(shown);
  return (
    <aside className="facts" aria-label={t.viewer.facts}>
      {facts === null && <p className="muted">{t.viewer.noFacts}</p>}
      <dl>
        <Fact name={t.viewer.words} value={facts?.words} />
        <Fact name={t.viewer.avoid} value={facts?.avoid} />
        <Fact name={t.viewer.seed} value={facts?.seed} />
        <Fact name={t.viewer.model} value={facts?.model} />
        <Fact name={t.viewer.size} value={size && `${size.width} × ${size.height}`} />
      </dl>
    </aside>
  );
}

function Fact({ name, value }: { name: string; value: string | null | undefined }) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The facts of a picture; undefined until they are known, null if nothing is. */
function useFacts(shown: Shown): Facts | null | undefined {
  const [found, setFound] = useState<{ of: Shown; facts: Facts | null } | null>(null);
  useEffect(() => {
    let current = true;
    const keep = (facts: Facts | null) => current && setFound({ of: shown, facts });
    sourceOf(shown).then(
      (source) => keep(source?.prompt ? factsOf(source.prompt, shown.node) : null),
      (error: unknown) => {
        keep(null);
        if (!(error instanceof HttpError)) throw error;
      },
    );
    return () => {
      current = false;
    };
  }, [shown]);
  return found?.of === shown ? found.facts : undefined;
}
