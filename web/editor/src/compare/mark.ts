import { type Mark } from "./groups";
import { useMark } from "./store";
import { t } from "./strings";

const LABELS: Readonly<Record<Mark, string>> = {
  added: `${t.signs.added} ${t.kinds.added}`,
  removed: `${t.signs.removed} ${t.kinds.removed}`,
  changed: `${t.signs.changed} ${t.kinds.changed}`,
  inside: `${t.signs.changed} ${t.inside}`,
};

/** What a node's element says of a comparison: the style sheet shows it, in colour and in words. */
export function useMarked(tab: string, run: string): { "data-diff"?: Mark; "data-diff-label"?: string } {
  const mark = useMark(tab, run);
  return mark === undefined ? {} : { "data-diff": mark, "data-diff-label": LABELS[mark] };
}
