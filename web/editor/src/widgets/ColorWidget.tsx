import type { WidgetProps } from "./props";

/** A colour: kept as it came, as a number 0xRRGGBB or as the text `#rrggbb`. */
export function ColorWidget({ widget, label, disabled, invalid, describedBy, onChange }: WidgetProps) {
  const isNumber = typeof widget.value === "number";
  const hex = isNumber ? hexOf(widget.value as number) : String(widget.value ?? "#000000");
  return (
    <label className="color nodrag">
      <code>{hex}</code>
      <input
        type="color"
        aria-label={label}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        disabled={disabled}
        value={hex}
        // The browser tells of every move in its picker: they are one step.
        onChange={({ target }) => onChange(isNumber ? parseInt(target.value.slice(1), 16) : target.value, true)}
      />
    </label>
  );
}

function hexOf(value: number): string {
  return `#${Math.max(0, Math.min(0xffffff, Math.trunc(value)))
    .toString(16)
    .padStart(6, "0")}`;
}
