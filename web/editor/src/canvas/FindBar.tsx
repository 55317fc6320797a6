import { Command } from "cmdk";
import { type KeyboardEvent, useEffect } from "react";
import { Icon, type IconName } from "../shell/icons";
import { activeDoc, useWorkspace } from "../store/workspace";
import { closeFind, findText, goToHit, refreshHits, stepHit, useFind } from "./find";
import type { Hit } from "./finding";
import { t } from "./strings";
import "./find.css";

/** So many are listed at once, around the one that is looked at. */
const MOST_SHOWN = 100;

/** The search within the workflow. It lies over the canvas, which can be used meanwhile. */
export function FindBar() {
  const isOpen = useFind((find) => find.isOpen);
  return isOpen ? <Bar /> : null;
}

function Bar() {
  const { query, hits, at } = useFind();
  const doc = useWorkspace(activeDoc);
  useEffect(refreshHits, [doc]);
  const none = hits.length === 0;
  return (
    <search className="find" aria-label={t.find}>
      <Command
        label={t.find}
        value={hits[at]?.key ?? ""}
        shouldFilter={false}
        disablePointerSelection
        vimBindings={false}
        onKeyDown={onKeyDown}
      >
        <Command.Input value={query} onValueChange={findText} placeholder={t.findHint} autoFocus />
        <Hits hits={hits} at={at} />
      </Command>
      <div className="find-tools">
        <span role="status">{countOf(query, hits, at)}</span>
        <Button icon="up" label={t.findPrevious} onClick={() => stepHit(-1)} disabled={none} />
        <Button icon="down" label={t.findNext} onClick={() => stepHit(1)} disabled={none} />
        <Button icon="close" label={t.findClose} onClick={closeFind} />
      </div>
    </search>
  );
}

function countOf(query: string, hits: readonly Hit[], at: number): string {
  if (query.trim() === "") return "";
  return hits.length === 0 ? t.findNothing : t.findCount(at + 1, hits.length);
}

function Button({ icon, label, ...others }: { icon: IconName; label: string; onClick(): void; disabled?: boolean }) {
  return (
    <button type="button" className="icon-btn" aria-label={label} title={label} onKeyDown={closeOnEscape} {...others}>
      <Icon name={icon} />
    </button>
  );
}

function Hits({ hits, at }: { hits: readonly Hit[]; at: number }) {
  const first = Math.max(0, Math.min(at - MOST_SHOWN / 2, hits.length - MOST_SHOWN));
  return (
    <Command.List label={t.findHits}>
      {hits.slice(first, first + MOST_SHOWN).map((hit, place) => (
        <Command.Item
          key={hit.key}
          value={hit.key}
          aria-posinset={first + place + 1}
          aria-setsize={hits.length}
          onSelect={() => goToHit(first + place)}
        >
          <span className="find-title">{hit.title}</span>
          <span className="find-kind">{hit.kind === "group" ? t.group : `#${hit.id}`}</span>
          {hit.inside.length > 0 && <span className="find-inside">{t.findInside(hit.inside.join(" › "))}</span>}
          {hit.where && <span className="find-where">{hit.where}</span>}
        </Command.Item>
      ))}
    </Command.List>
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1, Enter: 1 };

/** Keys go from hit to hit, and the canvas with them. */
function onKeyDown(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  if (step !== undefined && !event.nativeEvent.isComposing) {
    stepHit(event.key === "Enter" && event.shiftKey ? -1 : step);
    event.preventDefault();
  }
  closeOnEscape(event);
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key === "Escape") closeFind();
}
