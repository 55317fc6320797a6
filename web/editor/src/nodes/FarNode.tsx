import type { CSSProperties } from "react";
import { api } from "../api/client";
import { isCollapsed } from "../canvas/geometry";
import { sizeOf } from "../canvas/places";
import type { DocNode } from "../graph/types";
import { picturesOfNode } from "../panels/pictures";
import { useNodeRun, type NodeRun } from "../store/run";
import { typeColor } from "./color";
import { useLooks } from "./looks";
import { usePlace } from "./slices";
import { t } from "./strings";
import "./far.css";

interface FarNodeProps {
  readonly node: DocNode;
  readonly selected: boolean;
  readonly x: number;
  readonly y: number;
  /** As it was measured from near. */
  readonly height: number | undefined;
}

/**
 * A node from afar: a box with its title and colours, how it does in the run, and what it made. There are thousands in
 * view, so it has no sockets and widgets; its place on the canvas measures nothing, so that those known stay known.
 */
export function FarNode({ node, selected, x, y, height }: FarNodeProps) {
  const place = usePlace();
  const { title, looks } = useLooks(node, selected);
  const run = useNodeRun(place.tab, place.run);
  const size = sizeOf(node);
  const isReroute = node.type === "Reroute";
  const isFlat = isCollapsed(node) || isReroute;
  const type = (node.outputs[0] ?? node.inputs[0])?.type;
  const style = {
    ...looks.style,
    ...(type === undefined ? {} : { "--far-color": typeColor(type) }),
    left: x,
    top: y,
    width: size.width,
    height: isFlat ? size.height : Math.max(size.height, height ?? 0),
  } as CSSProperties;
  return (
    <article {...looks} className={isReroute ? "node far reroute" : "node far"} style={style}>
      {!isReroute && (
        <header className="node-header" aria-hidden="true">
          {title}
        </header>
      )}
      {run && !isFlat && <FarPicture id={place.run} run={run} />}
      {run?.state === "running" && <FarProgress run={run} />}
    </article>
  );
}

/** The picture that grows, or the first one that was made. */
function FarPicture({ id, run }: { id: string; run: NodeRun }) {
  const [picture] = picturesOfNode(run.output, id);
  const grows = run.state === "running" ? run.preview : undefined;
  const address = grows ?? (picture && api.viewUrl(picture, { preview: "webp;85" }));
  return address ? <img src={address} alt="" draggable={false} /> : null;
}

function FarProgress({ run: { value, max } }: { run: NodeRun }) {
  if (value === undefined || !max) return <progress className="node-progress" aria-label={t.running} />;
  return <progress className="node-progress" value={value} max={max} aria-label={t.progress(value, max)} />;
}
