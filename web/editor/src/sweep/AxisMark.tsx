import type { Widget } from "../graph/types";
import { usePlace } from "../nodes/slices";
import { askForAxis } from "./axis_dialog";
import { readAxis } from "./reading";
import { t } from "./strings";

/** At a widget that is swept over what `text` lists: how many values that are. It opens the dialog that asks for them. */
export function AxisMark({ widget, text }: { widget: Widget; text: string }) {
  const { id } = usePlace();
  const { labels, wrong } = readAxis(text, widget);
  const name = wrong === null ? t.mark(widget.name, t.values(labels.length)) : t.markBroken(widget.name);
  return (
    <button
      type="button"
      className="axis-mark nodrag"
      data-wrong={wrong !== null || undefined}
      aria-label={name}
      title={wrong ?? labels.join(", ")}
      onClick={() => askForAxis(id, widget.name)}
    >
      {wrong === null ? t.sign(labels.length) : t.signBroken}
    </button>
  );
}
