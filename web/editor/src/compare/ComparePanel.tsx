import { useEffect, useMemo } from "react";
import { Icon } from "../shell/icons";
import { activeTab, useWorkspace, type Tab } from "../store/workspace";
import { countsOf, type Group } from "./groups";
import { wayTo } from "./go";
import type { Part, Sentence } from "./sentences";
import { closeCompare, type Comparison, refreshCompare, useCompare } from "./store";
import { t } from "./strings";
import "./compare.css";

/** What is changed meanwhile is compared once that has rested. */
const REST_MS = 400;

/** At the right of the canvas: what makes the open workflow another than the one that it is compared with. */
export function ComparePanel() {
  const shown = useCompare((store) => store.shown);
  const tab = useWorkspace(activeTab);
  const isOpen = useWorkspace(({ tabs }) => shown !== null && tabs.some(({ id }) => id === shown.tab));
  useEffect(() => {
    if (shown && !isOpen) closeCompare();
  }, [shown, isOpen]);
  return shown?.tab === tab.id ? <Shown comparison={shown} tab={tab} /> : null;
}

function Shown({ comparison: { other, found, why, compared }, tab }: { comparison: Comparison; tab: Tab }) {
  const { id, doc } = tab;
  useEffect(() => {
    if (compared === doc) return;
    const timer = setTimeout(() => void refreshCompare(id, doc), compared === null ? 0 : REST_MS);
    return () => clearTimeout(timer);
  }, [id, doc, compared]);
  return (
    <aside className="compare panel" aria-label={t.title}>
      <header className="panel-header">
        <h2>{t.title}</h2>
        <button type="button" className="icon-btn" aria-label={t.close} title={t.close} onClick={closeCompare}>
          <Icon name="close" />
        </button>
      </header>
      <div className="panel-body">
        <p className="muted">{t.fromTo(other.name, tab.name)}</p>
        <p role="status">
          {why !== null ? t.failed(why) : found === null ? t.asking : <Summary groups={found.groups} />}
        </p>
        {found && <Groups found={found} />}
      </div>
    </aside>
  );
}

function Summary({ groups }: { groups: readonly Group[] }) {
  if (groups.length > 0) return t.counts(countsOf(groups));
  return (
    <>
      {t.none} <span className="muted">{t.noneHint}</span>
    </>
  );
}

function Groups({ found }: { found: NonNullable<Comparison["found"]> }) {
  return (
    <ul className="compare-groups">
      {found.groups.map((group) => (
        <GroupView
          key={`${group.kind} ${group.node.a} ${group.node.b}`}
          group={group}
          go={wayTo(group, found.ghosts)}
        />
      ))}
    </ul>
  );
}

function GroupView({ group, go }: { group: Group; go: (() => void) | null }) {
  const { kind, node, name, sentences } = group;
  const number = node.b ?? node.a ?? "";
  const heading = (
    <>
      <span className="compare-sign" data-kind={kind}>
        <span aria-hidden="true">{t.signs[kind]}</span> {t.kinds[kind]}
      </span>
      <span className="compare-name">{name}</span>
      <span className="muted">{t.numbered(number, node.a ?? number)}</span>
    </>
  );
  return (
    <li>
      <h3>
        {go ? (
          <button type="button" className="list-item" title={t.goTo(name)} onClick={go}>
            {heading}
          </button>
        ) : (
          <span className="list-item compare-nowhere">{heading}</span>
        )}
      </h3>
      {sentences.map((sentence, at) => (
        <SentenceView key={at} sentence={sentence} />
      ))}
    </li>
  );
}

function SentenceView({ sentence: { parts, long } }: { sentence: Sentence }) {
  return (
    <>
      <p>
        <Parts parts={parts} />
      </p>
      {long && (
        <blockquote>
          <Parts parts={long} />
        </blockquote>
      )}
    </>
  );
}

function Parts({ parts }: { parts: readonly Part[] }) {
  const keyed = useMemo(() => parts.map((part, at) => ({ ...part, at })), [parts]);
  return keyed.map(({ text, mark, at }) => {
    const Element = mark === "gone" ? "del" : mark === "new" ? "ins" : "span";
    return <Element key={at}>{text}</Element>;
  });
}
