import { Icon } from "./icons";
import { CONTROLS, randomValue } from "./control";
import { NumberWidget } from "./NumberWidget";
import type { WidgetProps } from "./props";
import { t } from "./strings";

/** A number with a dice. What becomes of it after a run is the widget below it. */
export function SeedWidget(props: WidgetProps) {
  return (
    <span className="seed">
      <NumberWidget {...props} />
      <button
        type="button"
        className="icon-btn small nodrag"
        aria-label={t.dice}
        title={t.dice}
        disabled={props.disabled}
        onClick={() => props.onChange(randomValue(props.widget))}
      >
        <Icon name="dice" />
      </button>
    </span>
  );
}

/** The choice of what becomes of a seed after a run was queued. */
export function ControlWidget({ widget, label, disabled, onChange }: WidgetProps) {
  return (
    <span className="after-run nodrag">
      <select
        aria-label={label}
        disabled={disabled}
        value={String(widget.value)}
        onChange={(event) => onChange(event.target.value)}
      >
        {CONTROLS.map((control) => (
          <option key={control} value={control}>
            {t.controls[control]}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </span>
  );
}
