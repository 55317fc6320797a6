import { useMemo } from "react";
import { outermost } from "../api/ids";
import { useRun, type NodeRun } from "../store/run";
import { goTo } from "./go_to";
import { longestSeconds, useHeat } from "./heat";
import { t } from "./strings";
import { duration } from "./times";
import { useTitle } from "./useTitle";

const SHOWN = 6;
const NONE: Readonly<Record<string, NodeRun>> = {};

/** The nodes that took longest in the newest run, and the switch that tints all by their time. */
export function NodeTimes({ tab }: { tab: string }) {
  const nodes = useRun((run) => run.runs[tab]?.nodes ?? NONE);
  const slowest = useMemo(() => slowestOf(nodes), [nodes]);
  const { on, toggle } = useHeat();
  return (
    <section className="times" aria-label={t.times.title}>
      <header>
        <h3>{t.times.title}</h3>
        <label title={t.times.heatHint}>
          <input type="checkbox" role="switch" checked={on} onChange={toggle} />
          {t.times.heat}
        </label>
      </header>
      {slowest.length === 0 && <p className="muted">{t.times.nothing}</p>}
      <ol>
        {slowest.map(([id, seconds]) => (
          <Time key={id} id={id} seconds={seconds} share={seconds / longestSeconds(nodes)} />
        ))}
      </ol>
    </section>
  );
}

function Time({ id, seconds, share }: { id: string; seconds: number; share: number }) {
  const title = useTitle(id);
  return (
    <li>
      <button type="button" className="time" onClick={() => goTo(id)}>
        <span className="time-bar" style={{ width: `${share * 100}%` }} />
        <span className="time-node">{title}</span>
        <span className="time-seconds">{duration(seconds)}</span>
      </button>
    </li>
  );
}

function slowestOf(nodes: Readonly<Record<string, NodeRun>>): [string, number][] {
  const times = Object.entries(nodes).flatMap(([id, { seconds }]): [string, number][] =>
    seconds && outermost(id) === id ? [[id, seconds]] : [],
  );
  return times.sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
}
