import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { Widget } from "../graph/types";
import { clamped, evaluate, exact, limitsOf, shown, stepped } from "./number";
import type { WidgetProps } from "./props";
import { t } from "./strings";
import { useDragValue } from "./useDragValue";

/** Digits that stand well in the field; more are written smaller. */
const LONG = 13;

/** A number: dragged sideways, stepped with arrows, or typed, also as a sum. The wheel turns it only while it is focused. */
export function NumberWidget({ widget, label, disabled, onChange, invalid, describedBy }: WidgetProps) {
  const limits = limitsOf(numberKind(widget), widget.spec.options);
  const value = exact(widget.value);
  const field = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const typed = draft === null ? value : evaluate(draft);
  const step = (steps: number) => {
    setDraft(null);
    onChange(stepped(typed ?? value, steps, limits), true);
  };
  const drag = useDragValue(value, limits, disabled || draft !== null, onChange, () => field.current?.select());
  const text = draft ?? shown(drag.value);
  useWheelWhileFocused(field, step);

  const commit = () => {
    setDraft(null);
    if (draft === null || typed === null) return;
    const next = clamped(typed, limits);
    if (next !== value) onChange(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (by) {
      event.preventDefault();
      step(event.shiftKey ? by * 10 : by);
    } else if (event.key === "Enter") commit();
    else if (event.key === "Escape") setDraft(null);
  };

  return (
    <span className="number" data-dragging={drag.dragging || undefined}>
      <StepButton label={t.less(label)} sign="−" disabled={disabled || value <= limits.min} onStep={() => step(-1)} />
      <input
        ref={field}
        className="number-field nodrag"
        type="text"
        role="spinbutton"
        inputMode="decimal"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-valuenow={Number(value)}
        aria-valuemin={limits.min === -Infinity ? undefined : Number(limits.min)}
        aria-valuemax={limits.max === Infinity ? undefined : Number(limits.max)}
        aria-invalid={invalid || typed === null || undefined}
        aria-describedby={describedBy}
        title={typed === null ? t.notNumber(draft ?? "") : undefined}
        disabled={disabled}
        data-long={text.length > LONG || undefined}
        value={text}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={commit}
        onKeyDown={onKeyDown}
        {...drag.handlers}
      />
      <StepButton label={t.more(label)} sign="+" disabled={disabled || value >= limits.max} onStep={() => step(1)} />
    </span>
  );
}

export function numberKind(widget: Widget): "int" | "float" {
  return widget.kind === "float" ? "float" : "int";
}

function StepButton({
  label,
  sign,
  disabled,
  onStep,
}: {
  label: string;
  sign: string;
  disabled: boolean;
  onStep: () => void;
}) {
  return (
    <button
      type="button"
      className="number-step nodrag"
      tabIndex={-1}
      aria-label={label}
      disabled={disabled}
      onClick={onStep}
    >
      {sign}
    </button>
  );
}

/** A listener of our own: React's cannot keep the canvas from zooming. */
function useWheelWhileFocused(field: React.RefObject<HTMLInputElement | null>, step: (steps: number) => void): void {
  const newest = useRef(step);
  useEffect(() => {
    newest.current = step;
  });
  useEffect(() => {
    const element = field.current;
    const onWheel = (event: WheelEvent) => {
      if (document.activeElement !== element || event.deltaY === 0) return;
      event.preventDefault();
      event.stopPropagation();
      newest.current(event.deltaY < 0 ? 1 : -1);
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [field]);
}
