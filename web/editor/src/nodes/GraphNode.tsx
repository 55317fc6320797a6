import type { NodeProps } from "@xyflow/react";
import { memo, useMemo, type ComponentType } from "react";
import { isCollapsed } from "../canvas/geometry";
import type { DocNode } from "../graph/types";
import { useNodeHeat } from "../panels/heat";
import { useRun } from "../store/run";
import { FoldedSockets, NodeBody } from "./NodeBody";
import { NodeHeader } from "./NodeHeader";
import { Note } from "./Note";
import { PrimitiveBody } from "./PrimitiveBody";
import { Reroute } from "./Reroute";
import { Resizer } from "./Resizer";
import { PlaceContext, useDocNode, useNodeSpec, usePlace, type Place } from "./slices";
import { styleOf } from "./style";
import "../widgets/widgets.css";
import "./nodes.css";

/** Nodes that are no computation of the server's, but of the drawing. */
const OWN_FORMS: Readonly<Record<string, ComponentType<{ node: DocNode; selected: boolean }>>> = {
  Note,
  MarkdownNote: Note,
  Reroute,
};

/** One node on the canvas. Its parts read only what they show: a sampler's step draws the progress bar of one node. */
export const GraphNode = memo(function GraphNode({ data, selected }: NodeProps) {
  const { id, tab } = data as unknown as Place;
  const place = useMemo(() => ({ id, tab }), [id, tab]);
  const node = useDocNode(place);
  if (!node) return null;
  const Form = OWN_FORMS[node.type] ?? SpecNode;
  return (
    <PlaceContext value={place}>
      <Form node={node} selected={selected} />
    </PlaceContext>
  );
});

function SpecNode({ node, selected }: { node: DocNode; selected: boolean }) {
  const place = usePlace();
  const spec = useNodeSpec(place, node);
  const state = useRun((run) => run.runs[place.tab]?.nodes[place.id]?.state);
  const isFaulty = useRun((run) => run.faults[place.tab]?.some((fault) => fault.node === place.id) ?? false);
  const heat = useNodeHeat(place.tab, place.id);
  const isPrimitive = node.type === "PrimitiveNode";
  const name = spec?.display_name || node.type;
  const folded = isCollapsed(node);

  return (
    <article
      className="node"
      aria-label={node.title ?? name}
      data-selected={selected || undefined}
      data-state={state}
      data-mode={node.mode || undefined}
      data-collapsed={folded || undefined}
      data-fault={isFaulty || undefined}
      data-unknown={(!spec && !isPrimitive) || undefined}
      style={styleOf(node, heat)}
    >
      {!folded && <Resizer />}
      <NodeHeader node={node} name={isPrimitive ? "Primitive" : name} />
      {folded && <FoldedSockets node={node} spec={spec} />}
      {!folded && (isPrimitive ? <PrimitiveBody node={node} /> : <NodeBody node={node} spec={spec} />)}
    </article>
  );
}
