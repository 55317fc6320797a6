import type { NodeProps } from "@xyflow/react";
import { memo, useMemo, useRef, type ComponentType } from "react";
import { useIsFar } from "../canvas/far";
import { isCollapsed } from "../canvas/geometry";
import { INPUTS_TYPE, OUTPUTS_TYPE } from "../graph/border";
import type { DocNode } from "../graph/types";
import { BorderNode } from "../subgraphs/BorderNode";
import { FarNode } from "./FarNode";
import { useLooks } from "./looks";
import { useMeasured } from "./measure";
import { FoldedSockets, NodeBody } from "./NodeBody";
import { NodeHeader } from "./NodeHeader";
import { Note } from "./Note";
import { PrimitiveBody } from "./PrimitiveBody";
import { Reroute } from "./Reroute";
import { Resizer } from "./Resizer";
import { PlaceContext, useDocNode, type Place } from "./slices";
import "../widgets/widgets.css";
import "./nodes.css";

/** Nodes that are no computation of the server's, but of the drawing. */
const OWN_FORMS: Readonly<Record<string, ComponentType<{ node: DocNode; selected: boolean }>>> = {
  Note,
  MarkdownNote: Note,
  Reroute,
  [INPUTS_TYPE]: BorderNode,
  [OUTPUTS_TYPE]: BorderNode,
};

/** One node on the canvas. Its parts read only what they show: a sampler's step draws the progress bar of one node. */
export const GraphNode = memo(function GraphNode({ data, selected, ...box }: NodeProps) {
  const { id, tab, prefix } = data as unknown as Place & { readonly prefix?: string };
  const place = useMemo(() => ({ id, tab, run: `${prefix ?? ""}${id}` }), [id, prefix, tab]);
  const node = useDocNode(place);
  const isFar = useIsFar();
  if (!node) return null;
  const Form = OWN_FORMS[node.type] ?? SpecNode;
  return (
    <PlaceContext value={place}>
      {isFar ? (
        <FarNode
          node={node}
          selected={selected}
          x={box.positionAbsoluteX}
          y={box.positionAbsoluteY}
          height={box.height}
        />
      ) : (
        <Form node={node} selected={selected} />
      )}
    </PlaceContext>
  );
});

function SpecNode({ node, selected }: { node: DocNode; selected: boolean }) {
  const { spec, name, looks } = useLooks(node, selected);
  const element = useRef<HTMLElement>(null);
  useMeasured(element, node);
  const folded = isCollapsed(node);

  return (
    <article {...looks} ref={element} className="node">
      {!folded && <Resizer selected={selected} />}
      <NodeHeader node={node} name={name} />
      {folded && <FoldedSockets node={node} spec={spec} />}
      {!folded &&
        (node.type === "PrimitiveNode" ? <PrimitiveBody node={node} /> : <NodeBody node={node} spec={spec} />)}
    </article>
  );
}
