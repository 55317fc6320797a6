import { useId, useState, type KeyboardEvent, type SubmitEvent } from "react";
import { axesOn } from "../graph/axes";
import { widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import { axisName } from "../graph/sweep";
import type { DocNode, Widget } from "../graph/types";
import { Dialog } from "../shell/Dialog";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { changeAxis, closeAxisDialog, useAxisDialog, type Asked } from "./axis_dialog";
import { readAxis } from "./reading";
import { t } from "./strings";

/** Asks for the values that an input is swept over, and says while one types how many they are. */
export function AxisDialog() {
  const asked = useAxisDialog((store) => store.asked);
  const doc = useWorkspace(activeDoc);
  const specs = useSpecs((store) => store.specs);
  const node = asked ? doc.nodes[asked.id] : undefined;
  const spec = node && specOf(doc, node, specs);
  const widget = spec && widgetsOf(node, spec).find(({ name, kind }) => name === asked?.input && kind !== "control");
  if (!asked || !node || !widget) return null;
  return (
    <Dialog open onOpenChange={closeAxisDialog} title={t.dialog.title(axisName(doc, specs, { ...asked, node }))}>
      <Form key={`${asked.id} ${asked.input}`} asked={asked} node={node} widget={widget} />
    </Dialog>
  );
}

function Form({ asked, node, widget }: { asked: Asked; node: DocNode; widget: Widget }) {
  const id = useId();
  const before = axesOn(node)[asked.input];
  const [text, setText] = useState(before ?? firstText(widget));
  const { labels, wrong } = readAxis(text, widget);
  const complaint = text.trim() === "" ? null : wrong; // an empty field is not yet wrong to the eye
  const choices = widget.spec.choices;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong === null) changeAxis(asked, text.trim());
  };

  return (
    <form className="question axis-form" onSubmit={submit}>
      <p className="muted">{t.dialog.text}</p>
      <div className="question-field">
        <label htmlFor={id}>{t.dialog.field}</label>
        <textarea
          id={id}
          rows={4}
          value={text}
          autoFocus
          spellCheck={false}
          aria-invalid={complaint !== null}
          aria-describedby={`${id}-hint ${id}-found`}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={submitAtCtrlEnter}
        />
        <p id={`${id}-hint`} className="muted">
          {hintFor(widget)}
        </p>
        <p id={`${id}-found`} aria-live="polite" className={complaint ? "complaint" : "axis-found"}>
          {complaint ?? (labels.length > 0 ? t.dialog.found(t.values(labels.length), labels.join(", ")) : null)}
        </p>
      </div>
      <div className="dialog-actions">
        {choices && (
          <button type="button" className="btn quiet" onClick={() => setText(choices.join("\n"))}>
            {t.dialog.all}
          </button>
        )}
        {before !== undefined && (
          <button type="button" className="btn danger" onClick={() => changeAxis(asked, null)}>
            {t.dialog.remove}
          </button>
        )}
        <button type="submit" className="btn primary" disabled={wrong !== null}>
          {t.dialog.yes}
        </button>
      </div>
    </form>
  );
}

/** Enter is a new line there. */
function submitAtCtrlEnter(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

/** What stands there, to go on from; a long text would be in the way. */
function firstText({ kind, value }: Widget): string {
  return kind === "multiline" || kind === "text" || value === null ? "" : String(value);
}

function hintFor({ kind, spec }: Widget): string {
  if (spec.choices) return t.dialog.hints.choice;
  if (kind === "int" || kind === "float") return t.dialog.hints.number;
  return kind === "toggle" ? t.dialog.hints.toggle : t.dialog.hints.text;
}
