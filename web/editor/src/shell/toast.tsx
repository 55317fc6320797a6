import { create } from "zustand";
import { Icon } from "./icons";
import { t } from "./strings";
import "./toast.css";

export type ToastKind = "info" | "ok" | "error";

interface Toast {
  readonly id: number;
  readonly message: string;
  readonly kind: ToastKind;
}

const SHOWN_MS = 5000;
/** An error has to be read: it stays longer. */
const ERROR_SHOWN_MS = 12000;
const MOST_SHOWN = 4;

const useToasts = create<{ toasts: readonly Toast[] }>()(() => ({ toasts: [] }));
let count = 0;

/** Say something in passing, at the edge of the page. The same text twice is said once. */
export function toast(message: string, kind: ToastKind = "info"): void {
  const id = ++count;
  useToasts.setState(({ toasts }) => ({
    toasts: [...toasts.filter((other) => other.message !== message), { id, message, kind }].slice(-MOST_SHOWN),
  }));
  setTimeout(() => dismiss(id), kind === "error" ? ERROR_SHOWN_MS : SHOWN_MS);
}

function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((other) => other.id !== id) }));
}

/** Where toasts appear. Read out by screen readers: errors at once, others when they have time. */
export function Toasts() {
  const toasts = useToasts((store) => store.toasts);
  return (
    <section className="toasts" aria-label={t.shell.notifications} aria-live="polite">
      {toasts.map(({ id, message, kind }) => (
        <div key={id} className="toast" data-kind={kind} role={kind === "error" ? "alert" : undefined}>
          <span>{message}</span>
          <button type="button" className="icon-btn small" aria-label={t.shell.dismiss} onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </section>
  );
}
