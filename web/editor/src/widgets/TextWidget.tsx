import { useState } from "react";
import type { WidgetProps } from "./props";

/** A line of text, or several: a field that grows with its text up to a limit, and can be pulled larger. */
export function TextWidget({ widget, label, disabled, invalid, describedBy, onChange }: WidgetProps) {
  const [isFocused, setFocused] = useState(false);
  const hint = String(widget.spec.options["placeholder"] ?? "");
  const shared = {
    "aria-label": label,
    "aria-invalid": invalid || undefined,
    "aria-describedby": describedBy,
    disabled,
    value: String(widget.value ?? ""),
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value, true),
  };
  if (widget.kind !== "multiline") {
    return <input type="text" className="text nodrag" autoComplete="off" placeholder={hint} {...shared} />;
  }
  return (
    <textarea
      // The wheel scrolls the text once one works in it; before that it zooms the canvas, wherever the pointer is.
      className={`text multiline nodrag ${isFocused ? "nowheel" : ""}`}
      rows={3}
      placeholder={hint || label}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
      {...shared}
    />
  );
}
