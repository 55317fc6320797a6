import type { Cause, NodeAccount } from "../api/types";
import { useAccount } from "../store/explain";
import { useSpecs } from "../store/specs";
import { activeTab, pathText, useWorkspace } from "../store/workspace";
import { causeText, howText } from "./why";
import { t } from "./strings";
import { titleOf, useTitle } from "./useTitle";

/** Why the selected node ran in the newest run, or why it did not have to. */
export function WhyItRan({ tab }: { tab: string }) {
  const only = useWorkspace((workspace) => {
    const [id, ...others] = workspace.selection.nodes;
    return id === undefined || others.length > 0 ? null : `${pathText(activeTab(workspace))}${id}`;
  });
  const title = useTitle(only);
  return (
    <section className="why" aria-label={t.why.title}>
      <h3>{t.why.title}</h3>
      {only === null ? (
        <p className="muted">{t.why.select}</p>
      ) : (
        <>
          <p className="why-node">{title}</p>
          <Account tab={tab} node={only} />
        </>
      )}
    </section>
  );
}

function Account({ tab, node }: { tab: string; node: string }) {
  const account = useAccount(tab, node);
  if (!account) return <p className="muted">{t.why.notYet}</p>;
  return (
    <>
      <p>{howText(account)}</p>
      <Causes account={account} />
    </>
  );
}

function Causes({ account: { causes } }: { account: NodeAccount }) {
  if (causes.length === 0) return null;
  return (
    <ul className="causes" aria-label={t.why.because}>
      {causes.map((cause, at) => (
        <CauseLine key={at} cause={cause} />
      ))}
    </ul>
  );
}

function CauseLine({ cause }: { cause: Cause }) {
  const doc = useWorkspace((workspace) => activeTab(workspace).doc);
  const specs = useSpecs((store) => store.specs);
  return <li>{causeText(cause, (id) => titleOf(doc, specs, id))}</li>;
}
