import { useIsFound } from "../canvas/find";
import { isCollapsed } from "../canvas/geometry";
import { useMarked } from "../compare/mark";
import type { DocNode } from "../graph/types";
import { NodeHeader } from "./NodeHeader";
import { NoteText } from "./NoteText";
import { Resizer } from "./Resizer";
import { usePlace } from "./slices";
import { t } from "./strings";
import { colored } from "./style";
import "./notes.css";

/** A text that lies on the canvas beside the nodes. */
export function Note({ node, selected }: { node: DocNode; selected: boolean }) {
  const { id, tab, run } = usePlace();
  const found = useIsFound(id);
  const marked = useMarked(tab, run);
  const folded = isCollapsed(node);
  return (
    <article
      className="node note"
      aria-label={node.title ?? t.note}
      data-selected={selected || undefined}
      data-found={found || undefined}
      data-collapsed={folded || undefined}
      {...marked}
      {...colored(node, null)}
    >
      {!folded && <Resizer selected={selected} />}
      <NodeHeader node={node} name={t.note} />
      {!folded && <NoteText node={node} />}
    </article>
  );
}
