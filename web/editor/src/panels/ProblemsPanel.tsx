import { Icon } from "../shell/icons";
import { Panel } from "../shell/Panel";
import { useFaults, type Fault } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { goTo } from "./go_to";
import { NodeTimes } from "./NodeTimes";
import { t } from "./strings";
import { useTitle } from "./useTitle";
import { WhyItRan } from "./WhyItRan";
import "./panels.css";
import "./problems.css";

/** What is wrong with the active workflow, why the selected node ran, and what takes the time. */
export function ProblemsPanel() {
  const tab = useWorkspace((workspace) => workspace.active);
  const faults = useFaults(tab);
  return (
    <Panel title={t.problems.title}>
      {faults.length === 0 ? (
        <div className="empty">
          <h3>{t.problems.nothing}</h3>
          <p>{t.problems.nothingHint}</p>
        </div>
      ) : (
        <ul className="problem-list" aria-label={t.problems.title}>
          {faults.map((fault, at) => (
            <Problem key={`${fault.node} ${fault.input} ${at}`} fault={fault} />
          ))}
        </ul>
      )}
      <WhyItRan tab={tab} />
      <NodeTimes tab={tab} />
    </Panel>
  );
}

function Problem({ fault }: { fault: Fault }) {
  const title = useTitle(fault.node);
  return (
    <li className="problem">
      <Icon name="problems" />
      <div className="problem-text">
        {fault.node !== null && title !== null ? (
          <button type="button" title={t.problems.goTo(title)} onClick={() => goTo(fault.node!)}>
            <span className="problem-where">{fault.input === null ? title : `${title} · ${fault.input}`}</span>
            <span>{fault.message}</span>
          </button>
        ) : (
          <p>
            <span className="problem-where">{t.problems.whole}</span>
            <span>{fault.message}</span>
          </p>
        )}
        {saysMore(fault) && <Details text={fault.details} />}
      </div>
    </li>
  );
}

/** Often the details are but the name of the input, which is said above. */
function saysMore({ details, message, input }: Fault): boolean {
  return details !== "" && details !== message && details !== input;
}

const SHORT = 120;

/** A short text as it is; a long one, such as a traceback, to be unfolded. */
function Details({ text }: { text: string }) {
  if (text.length <= SHORT && !text.includes("\n")) return <p className="problem-details">{text}</p>;
  return (
    <details className="problem-details">
      <summary>{t.problems.details}</summary>
      <pre>{text}</pre>
    </details>
  );
}
