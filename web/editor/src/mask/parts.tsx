import { useId, type ReactNode } from "react";
import { Icon, type IconName } from "../shell/icons";
import { t } from "./strings";

interface SliderProps {
  label: string;
  /** 0 to 1. */
  value: number;
  /** What the value means. */
  text: string;
  title?: string;
  onChange(value: number): void;
}

export function Slider({ label, value, text, title, onChange }: SliderProps) {
  const id = useId();
  return (
    <div className="mask-slider" title={title}>
      <label htmlFor={id}>{label}</label>
      <output htmlFor={id}>{text}</output>
      <input
        id={id}
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={value}
        aria-valuetext={text}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </div>
  );
}

export function Group({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="mask-group" role="group" aria-label={label}>
      {children}
    </div>
  );
}

interface ToolButtonProps {
  icon: IconName;
  label: string;
  keys: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick(): void;
}

export function ToolButton({ icon, label, keys, pressed, disabled = false, onClick }: ToolButtonProps) {
  return (
    <button
      type="button"
      className="btn"
      title={`${label} (${keys})`}
      aria-pressed={pressed}
      disabled={disabled}
      onMouseDown={(event) => event.preventDefault()} // the stage keeps the focus, and with it its keys
      onClick={onClick}
    >
      <Icon name={icon} />
      {label}
    </button>
  );
}

export function Hints() {
  return (
    <dl className="mask-hints" aria-label={t.keys}>
      {t.keyNames.map(([what, how]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{how}</dd>
        </div>
      ))}
    </dl>
  );
}
