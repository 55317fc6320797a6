import { activeTab, useWorkspace } from "../store/workspace";
import { Icon, type IconName } from "./icons";
import { shownKeys } from "./keys";
import { t } from "./strings";

/** Undo and redo, and what each would do. */
export function HistoryButtons() {
  const last = useWorkspace((workspace) => activeTab(workspace).past.at(-1)?.label);
  const next = useWorkspace((workspace) => activeTab(workspace).future[0]?.label);
  const { undo, redo } = useWorkspace.getState();
  return (
    <div className="history" role="group" aria-label={t.shell.history}>
      <Button label={t.commands.undo} icon="undo" step={last} keys="Ctrl+Z" onClick={undo} />
      <Button label={t.commands.redo} icon="redo" step={next} keys="Ctrl+Shift+Z" onClick={redo} />
    </div>
  );
}

interface ButtonProps {
  label: string;
  icon: IconName;
  step: string | undefined;
  keys: string;
  onClick(): void;
}

function Button({ label, icon, step, keys, onClick }: ButtonProps) {
  return (
    <button
      type="button"
      className="icon-btn"
      aria-label={label}
      title={`${step ? `${label}: ${step}` : label} (${shownKeys(keys)})`}
      disabled={step === undefined}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
