import { useLayoutEffect, useMemo } from "react";
import { Panel } from "../shell/Panel";
import { useSpecs } from "../store/specs";
import { activeTab, pathText, shownDoc, useWorkspace } from "../store/workspace";
import { rowsOf } from "./rows";
import { showTree, useOutline } from "./store";
import { t } from "./strings";
import { Tree } from "./Tree";
import "./outline.css";

/** The workflow, or the subgraph that was entered, as a tree, for who does not see the canvas or does not use a pointer: all of it can be built here. */
export function OutlinePanel() {
  const tab = useWorkspace(activeTab);
  const [doc, prefix] = [shownDoc(tab), pathText(tab)];
  const specs = useSpecs((store) => store.specs);
  const toggled = useOutline((outline) => outline.toggled);
  const rows = useMemo(() => rowsOf(doc, specs, toggled), [doc, specs, toggled]);
  useLayoutEffect(() => showTree(tab.id, prefix), [tab.id, prefix]);

  return (
    <Panel title={t.title}>
      {rows.length === 0 ? (
        <div className="empty">
          <h3>{t.empty}</h3>
          <p>{t.emptyHint}</p>
        </div>
      ) : (
        <>
          <p className="outline-hint">{t.hint}</p>
          <Tree tab={tab.id} prefix={prefix} rows={rows} />
        </>
      )}
    </Panel>
  );
}
