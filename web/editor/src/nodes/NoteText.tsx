import { lazy, Suspense, useState, type MouseEvent } from "react";
import type { DocNode } from "../graph/types";
import { Icon } from "../widgets/icons";
import { editValue } from "./edit";
import { usePlace } from "./slices";
import { t } from "./strings";

const Markdown = lazy(() => import("./Markdown"));

/** The text of a note; that of a markdown note is drawn until a double click, or its button, makes it a field. */
export function NoteText({ node }: { node: DocNode }) {
  const text = textOf(node);
  const [isEdited, setEdited] = useState(text === "");
  if (node.type !== "MarkdownNote") return <Field node={node} text={text} />;
  if (isEdited) return <Field node={node} text={text} onDone={() => setEdited(false)} />;
  const edit = () => setEdited(true);
  return (
    <div className="note-markdown nowheel" title={t.editHint} onDoubleClick={(event) => isLink(event) || edit()}>
      <Suspense fallback={<p className="note-plain">{text}</p>}>
        {text === "" ? <p className="note-plain">{t.noteHint}</p> : <Markdown text={text} />}
      </Suspense>
      <button type="button" className="icon-btn small note-edit nodrag" aria-label={t.editNote} onClick={edit}>
        <Icon name="pencil" />
      </button>
    </div>
  );
}

function isLink({ target }: MouseEvent): boolean {
  return target instanceof Element && target.closest("a") !== null;
}

function Field({ node, text, onDone }: { node: DocNode; text: string; onDone?: () => void }) {
  const place = usePlace();
  return (
    <textarea
      className="note-text nodrag nowheel"
      aria-label={node.title ?? t.note}
      placeholder={t.noteHint}
      autoFocus={onDone !== undefined}
      value={text}
      onChange={({ target }) => editValue(place, t.note, 0, target.value, true)}
      onBlur={onDone}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

function textOf({ values }: DocNode): string {
  const text = Array.isArray(values) ? (values as readonly unknown[])[0] : undefined;
  return typeof text === "string" ? text : "";
}
