import { Icon } from "../shell/icons";
import { useFaults } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { setAutoRun, useAutoRun } from "./auto_run";
import { t } from "./strings";

/** That the workflow runs by itself, and what that waits for. */
export function AutoRunChip() {
  const { on, soon } = useAutoRun();
  const isFaulty = useFaults(useWorkspace((workspace) => workspace.active)).length > 0;
  if (!on) return null;
  const state = soon ? "soon" : isFaulty ? "stopped" : "idle";
  return (
    <button
      type="button"
      className="run-auto"
      aria-pressed="true"
      title={state === "stopped" ? t.run.autoStopped : t.run.autoHint}
      data-state={state}
      onClick={() => setAutoRun(false)}
    >
      <Icon name="refresh" size={14} />
      {t.run.autoStates[state]}
    </button>
  );
}
