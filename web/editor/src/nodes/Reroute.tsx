import { handleId } from "../canvas/handles";
import type { DocNode } from "../graph/types";
import { has } from "./linked";
import { useLinked, usePlace } from "./slices";
import { Socket } from "./sockets";
import { t } from "./strings";
import "./notes.css";

/** A bend in a wire: two sockets side by side. */
export function Reroute({ node, selected }: { node: DocNode; selected: boolean }) {
  const place = usePlace();
  const linkedIn = useLinked(place, "in");
  const linkedOut = useLinked(place, "out");
  const type = node.outputs[0]?.type || "*";
  return (
    <article className="node reroute" aria-label={node.title ?? t.reroute} data-selected={selected || undefined}>
      <Socket id={handleId("in", 0)} side="in" name={t.reroute} type={type} linked={has(linkedIn, 0)} />
      <Socket id={handleId("out", 0)} side="out" name={t.reroute} type={type} linked={has(linkedOut, 0)} />
    </article>
  );
}
