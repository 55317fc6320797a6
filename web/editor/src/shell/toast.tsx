import { create } from "zustand";
import { Icon } from "./icons";
import { t } from "./strings";
import "./toast.css";

export type ToastKind = "info" | "ok" | "error";

/** Something to do about what was said: undo it, for one. */
export interface ToastAction {
  readonly label: string;
  run(): unknown;
}

interface Toast {
  readonly id: number;
  readonly message: string;
  readonly kind: ToastKind;
  readonly action: ToastAction | undefined;
}

const SHOWN_MS = 5000;
/** An error has to be read, and what can be done about it to be pressed: they stay longer. */
const LONG_SHOWN_MS = 12000;
const MOST_SHOWN = 4;

const useToasts = create<{ toasts: readonly Toast[] }>()(() => ({ toasts: [] }));
let count = 0;

/** Say something in passing, at the edge of the page. The same text twice is said once. */
export function toast(message: string, kind: ToastKind = "info", action?: ToastAction): void {
  const id = ++count;
  useToasts.setState(({ toasts }) => ({
    toasts: [...toasts.filter((other) => other.message !== message), { id, message, kind, action }].slice(-MOST_SHOWN),
  }));
  setTimeout(() => dismiss(id), kind === "error" || action ? LONG_SHOWN_MS : SHOWN_MS);
}

function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((other) => other.id !== id) }));
}

function ActionButton({ action, onDone }: { action: ToastAction; onDone(): void }) {
  const act = () => {
    onDone();
    void action.run();
  };
  return (
    <button type="button" className="btn small" onClick={act}>
      {action.label}
    </button>
  );
}

/** Where toasts appear. Read out by screen readers: errors at once, others when they have time. */
export function Toasts() {
  const toasts = useToasts((store) => store.toasts);
  return (
    <section className="toasts" aria-label={t.shell.notifications} aria-live="polite">
      {toasts.map(({ id, message, kind, action }) => (
        <div key={id} className="toast" data-kind={kind} role={kind === "error" ? "alert" : undefined}>
          <span>{message}</span>
          {action && <ActionButton action={action} onDone={() => dismiss(id)} />}
          <button type="button" className="icon-btn small" aria-label={t.shell.dismiss} onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </section>
  );
}
