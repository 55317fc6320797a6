import { useRun } from "../store/run";
import { activeTab, useWorkspace } from "../store/workspace";
import { t } from "./strings";

/** The line at the bottom: the connection, the queue, and how much is on the canvas. */
export function StatusLine() {
  const connection = useRun((run) => run.connection);
  const remaining = useRun((run) => run.remaining);
  const nodes = useWorkspace((workspace) => activeTab(workspace).doc.order.length);
  const selected = useWorkspace((workspace) => workspace.selection.nodes.length);
  return (
    <footer className="status" aria-label={t.shell.status}>
      <span className="connection" data-state={connection}>
        {t.shell.connection[connection]}
      </span>
      <span>{t.shell.queued(remaining)}</span>
      <span className="spring" />
      {selected > 0 && <span>{t.shell.selected(selected)}</span>}
      <span>{t.shell.nodes(nodes)}</span>
    </footer>
  );
}
