import { axesOn } from "../graph/axes";
import type { Widget } from "../graph/types";
import { useDocNode, usePlace } from "../nodes/slices";
import { askForAxis } from "./axis_dialog";
import { readAxis } from "./reading";
import { t } from "./strings";

/** At a widget that is swept: over how many values. It opens the dialog that asks for them. */
export function AxisMark({ widget }: { widget: Widget }) {
  const place = usePlace();
  const node = useDocNode(place);
  const text = node && axesOn(node)[widget.name];
  if (text === undefined || widget.kind === "control") return null;
  const { labels, wrong } = readAxis(text, widget);
  const name = wrong === null ? t.mark(widget.name, t.values(labels.length)) : t.markBroken(widget.name);
  return (
    <button
      type="button"
      className="axis-mark nodrag"
      data-wrong={wrong !== null || undefined}
      aria-label={name}
      title={wrong ?? labels.join(", ")}
      onClick={() => askForAxis(place.id, widget.name)}
    >
      {wrong === null ? t.sign(labels.length) : t.signBroken}
    </button>
  );
}
