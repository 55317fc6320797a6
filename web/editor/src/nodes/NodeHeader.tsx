import { SUBGRAPHS } from "../graph/subgraphs";
import { BYPASSED, MUTED, type DocNode } from "../graph/types";
import { enter } from "../subgraphs/entering";
import { useNodeRun, useRun } from "../store/run";
import { Icon } from "../widgets/icons";
import { editNode } from "./edit";
import { NodeTitle } from "./NodeTitle";
import { useNodeSpec, usePlace } from "./slices";
import { t } from "./strings";

/** The bar on top: folding, the title, and how the node did in the newest run. */
export function NodeHeader({ node, name }: { node: DocNode; name: string }) {
  const place = usePlace();
  const isSubgraph = useNodeSpec(place, node)?.category === SUBGRAPHS;
  const isCollapsed = node.flags["collapsed"] === true;
  const fold = () =>
    editNode(place, isCollapsed ? t.expand : t.collapse, { flags: { ...node.flags, collapsed: !isCollapsed } });

  return (
    <header className="node-header">
      <button
        type="button"
        className="node-fold nodrag"
        aria-label={isCollapsed ? t.expand : t.collapse}
        aria-expanded={!isCollapsed}
        onClick={fold}
      >
        <Icon name={isCollapsed ? "right" : "down"} size={12} />
      </button>
      <NodeTitle title={node.title ?? name} fallback={name} />
      {isSubgraph && (
        <button type="button" className="node-mark nodrag" title={t.subgraphHint} onClick={() => enter(place.id)}>
          {t.subgraph}
        </button>
      )}
      {node.mode === MUTED && <span className="node-mark mode">{t.muted}</span>}
      {node.mode === BYPASSED && <span className="node-mark mode">{t.bypassed}</span>}
      {node.flags["pinned"] === true && <Icon name="pin" size={12} />}
      {node.mode !== MUTED && node.mode !== BYPASSED && <RunMark />}
      <Progress />
    </header>
  );
}

/** How it ended: its time, or that nothing had to be done, or that it failed. */
function RunMark() {
  const place = usePlace();
  const state = useRun((run) => run.runs[place.tab]?.nodes[place.run]?.state);
  const seconds = useRun((run) => run.runs[place.tab]?.nodes[place.run]?.seconds);
  if (state === "cached") {
    return (
      <span className="node-mark cached" title={t.cachedHint}>
        {t.cached}
      </span>
    );
  }
  if (state === "error") {
    return (
      <span className="node-mark error" role="img" aria-label={t.failed}>
        <Icon name="alert" size={12} />
      </span>
    );
  }
  return state === "done" && seconds !== undefined ? <span className="node-mark">{t.seconds(seconds)}</span> : null;
}

/** The only part that a step of a sampler draws again. */
function Progress() {
  const place = usePlace();
  const run = useNodeRun(place.tab, place.run);
  if (run?.state !== "running") return null;
  const { value, max } = run;
  if (value === undefined || !max) return <progress className="node-progress" aria-label={t.running} />;
  const text = t.progress(value, max);
  return (
    <>
      <span className="node-mark">{`${value}/${max}`}</span>
      <progress className="node-progress" value={value} max={max} aria-label={text} />
    </>
  );
}
