import { useEffect } from "react";
import { axesOf } from "../graph/axes";
import { attempt } from "../panels/run_actions";
import { registerCommand } from "../shell/commands";
import { Icon } from "../shell/icons";
import { shownKeys } from "../shell/keys";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { runSweep, sizesOf } from "./run";
import { t } from "./strings";
import { showTable, startSweeps, useLatest, useSweepTable } from "./table";
import "./sweep.css";

const KEYS = "Alt+Enter";

/** Beside Run: the sweep, once inputs are swept, and the table of the newest one. */
export function SweepBar() {
  useEffect(registerSweepCommands, []);
  useEffect(startSweeps, []);
  const specs = useSpecs((store) => store.specs);
  const sizes = useWorkspace((workspace) => sizesOf(activeTab(workspace).doc, specs));
  const latest = useLatest();
  if (sizes === null && !latest) return null;
  return (
    <div className="sweep-bar">
      {sizes !== null && (
        <button
          type="button"
          className="btn"
          aria-label={t.runSize(sizes)}
          title={`${t.run} (${shownKeys(KEYS)})`}
          onClick={() => attempt(runSweep())}
        >
          <Icon name="grid" size={14} />
          <span>{t.runSize(sizes)}</span>
        </button>
      )}
      {latest && (
        <button
          type="button"
          className="icon-btn"
          aria-label={t.table.open}
          title={t.table.command}
          onClick={() => attempt(showTable())}
        >
          <Icon name="table" />
        </button>
      )}
    </div>
  );
}

const hasAxes = () => axesOf(activeTab(useWorkspace.getState()).doc).length > 0;
const hasTable = () => useSweepTable.getState().latest[useWorkspace.getState().active] !== undefined;

/** Make sweeps known to palette and keys. What comes back takes them away. */
function registerSweepCommands(): () => void {
  const commands = [
    registerCommand({
      id: "sweep.run",
      title: t.run,
      group: "run",
      keys: KEYS,
      enabled: hasAxes,
      run: () => attempt(runSweep()),
    }),
    registerCommand({
      id: "sweep.table",
      title: t.table.command,
      group: "run",
      enabled: hasTable,
      run: () => attempt(showTable()),
    }),
  ];
  return () => commands.forEach((forget) => forget());
}
