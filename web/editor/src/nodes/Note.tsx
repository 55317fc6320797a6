import { isCollapsed } from "../canvas/geometry";
import type { DocNode } from "../graph/types";
import { NodeHeader } from "./NodeHeader";
import { NoteText } from "./NoteText";
import { Resizer } from "./Resizer";
import { t } from "./strings";
import { colored } from "./style";
import "./notes.css";

/** A text that lies on the canvas beside the nodes. */
export function Note({ node, selected }: { node: DocNode; selected: boolean }) {
  const folded = isCollapsed(node);
  return (
    <article
      className="node note"
      aria-label={node.title ?? t.note}
      data-selected={selected || undefined}
      data-collapsed={folded || undefined}
      {...colored(node, null)}
    >
      {!folded && <Resizer />}
      <NodeHeader node={node} name={t.note} />
      {!folded && <NoteText node={node} />}
    </article>
  );
}
