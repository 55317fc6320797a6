import type { WidgetProps } from "./props";
import { t } from "./strings";

/** On or off, with the words that the node has for them. */
export function ToggleWidget({ widget, label, disabled, invalid, describedBy, onChange }: WidgetProps) {
  const isOn = widget.value === true;
  const { label_on = t.on, label_off = t.off } = widget.spec.options;
  return (
    <button
      type="button"
      role="switch"
      className="toggle nodrag"
      aria-checked={isOn}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      disabled={disabled}
      onClick={() => onChange(!isOn)}
    >
      <span className="toggle-word">{String(isOn ? label_on : label_off)}</span>
      <span className="toggle-track" />
    </button>
  );
}
