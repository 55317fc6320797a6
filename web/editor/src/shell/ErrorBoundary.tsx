import { Component, type ReactNode } from "react";
import { jsonText } from "../graph/json";
import { saveDoc } from "../graph/save";
import { activeTab, useWorkspace } from "../store/workspace";
import { t } from "./strings";

/** Catches what breaks while drawing: the rest of the page stays, and the work can be taken to safety. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="broken" role="alert">
        <h2>{t.shell.broken}</h2>
        <p>{t.shell.brokenHint}</p>
        <pre>{error.message}</pre>
        <div className="dialog-actions">
          <button type="button" className="btn primary" onClick={downloadActive}>
            {t.shell.downloadWorkflow}
          </button>
          <button type="button" className="btn" onClick={() => this.setState({ error: null })}>
            {t.shell.goOn}
          </button>
          <button type="button" className="btn" onClick={() => location.reload()}>
            {t.shell.reload}
          </button>
        </div>
      </div>
    );
  }
}

/** Depends on as little as possible: it is called when something else has failed. */
function downloadActive(): void {
  const tab = activeTab(useWorkspace.getState());
  const file = new Blob([jsonText(saveDoc(tab.doc), 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${tab.name}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
