import { centerOn } from "../canvas/actions";
import { leavePlace } from "../canvas/jumps";
import { Dialog } from "../shell/Dialog";
import { useWorkspace } from "../store/workspace";
import { isMissing, type MissingType, type MissingValue } from "./missing";
import { ModelsReport } from "./ModelsReport";
import { showReport, useReport } from "./report";
import { files as text } from "./strings";

/** What the workflow that was just opened needs and the server does not have. */
export function ReportDialog() {
  const report = useReport((store) => store.report);
  if (!report) return null;
  const { tab, missing, leftOut, name, models } = report;
  const { types, values } = missing;
  const others = models.length > 0 ? text.modelsTitle(name) : text.leftOutTitle(name);
  const title = isMissing(missing) ? text.missingTitle(name) : others;
  return (
    <Dialog open onOpenChange={() => showReport(null)} title={title}>
      {isMissing(missing) && <p className="muted">{text.missingText}</p>}
      {types.length > 0 && <Types types={types} />}
      {values.length > 0 && <Values values={values} />}
      {models.length > 0 && <ModelsReport tab={tab} models={models} />}
      {leftOut.length > 0 && <LeftOut parts={leftOut} />}
      <div className="dialog-actions">
        <button type="button" className="btn primary" onClick={() => showReport(null)}>
          {text.done}
        </button>
      </div>
    </Dialog>
  );
}

function LeftOut({ parts }: { parts: readonly string[] }) {
  return (
    <section className="missing">
      <h3>{text.leftOut}</h3>
      <ul>
        {parts.map((part) => (
          <li key={part}>
            <span className="missing-file">{part}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Types({ types }: { types: readonly MissingType[] }) {
  return (
    <section className="missing">
      <h3>{text.missingTypes}</h3>
      <ul>
        {types.map(({ type, nodes, count }) => (
          <li key={type}>
            <code>{type}</code>
            <span className="muted">{text.times(count)}</span>
            {nodes.length > 0 && <Show nodes={nodes} title={type} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Values({ values }: { values: readonly MissingValue[] }) {
  return (
    <section className="missing">
      <h3>{text.missingValues}</h3>
      <ul>
        {values.map(({ nodes, title, input, value, folder, url }, at) => (
          <li key={at}>
            <span className="missing-file">
              <code>{value}</code>
              <span className="muted">
                {title}, {input}
              </span>
              {folder !== undefined && <span className="muted">{text.belongsIn(folder)}</span>}
              {url !== undefined && (
                <a href={url} target="_blank" rel="noreferrer">
                  {text.source}
                </a>
              )}
            </span>
            {nodes.length > 0 && <Show nodes={nodes} title={title} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Leaves the dialog for the canvas, where the nodes are selected. */
function Show({ nodes, title }: { nodes: readonly string[]; title: string }) {
  const show = () => {
    showReport(null);
    leavePlace();
    useWorkspace.getState().select(nodes);
    if (nodes[0]) centerOn(nodes[0]);
  };
  return (
    <button type="button" className="btn quiet" aria-label={text.showNode(title)} onClick={show}>
      {text.show}
    </button>
  );
}
