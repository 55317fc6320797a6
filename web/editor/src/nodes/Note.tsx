import { isCollapsed } from "../canvas/geometry";
import type { DocNode } from "../graph/types";
import { editValue } from "./edit";
import { NodeTitle } from "./NodeTitle";
import { Resizer } from "./Resizer";
import { usePlace } from "./slices";
import { t } from "./strings";
import { styleOf } from "./style";
import "./notes.css";

/** A text that lies on the canvas beside the nodes. */
export function Note({ node, selected }: { node: DocNode; selected: boolean }) {
  const place = usePlace();
  const text = Array.isArray(node.values) ? node.values[0] : undefined;
  return (
    <article
      className="node note"
      aria-label={node.title ?? t.note}
      data-selected={selected || undefined}
      style={styleOf(node, null)}
    >
      {!isCollapsed(node) && <Resizer />}
      <header className="node-header">
        <NodeTitle title={node.title ?? t.note} fallback={t.note} />
      </header>
      {!isCollapsed(node) && (
        <textarea
          className="note-text nodrag nowheel"
          aria-label={node.title ?? t.note}
          placeholder={t.noteHint}
          value={typeof text === "string" ? text : ""}
          onChange={({ target }) => editValue(place, t.note, 0, target.value, true)}
        />
      )}
    </article>
  );
}
