import { useId, useState, type SubmitEvent } from "react";
import { Dialog } from "../shell/Dialog";
import { useQuestion, type Asked, type Field } from "./ask";
import { files as text } from "./strings";

/** The dialog of `ask()`. */
export function Questions() {
  const asked = useQuestion((store) => store.asked);
  if (!asked) return null;
  return (
    <Dialog open onOpenChange={(open) => !open && asked.reply(null)} title={asked.title}>
      <Form key={asked.title} asked={asked} />
    </Dialog>
  );
}

function Form({ asked }: { asked: Asked }) {
  const { text: words, field, answers, reply } = asked;
  const [value, setValue] = useState(field?.value ?? "");
  const wrong = field?.refuse(value) ?? null;
  const last = answers[answers.length - 1]!;

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong === null) reply({ answer: last.id, value });
  };

  return (
    <form className="question" onSubmit={submit}>
      {words && <p className="muted">{words}</p>}
      {field && <NameField field={field} value={value} wrong={wrong} onChange={setValue} />}
      <div className="dialog-actions">
        <button type="button" className="btn quiet" onClick={() => reply(null)}>
          {text.cancel}
        </button>
        {answers.slice(0, -1).map(({ id, label, danger }) => (
          <button
            key={id}
            type="button"
            className={danger ? "btn danger" : "btn"}
            onClick={() => reply({ answer: id, value })}
          >
            {label}
          </button>
        ))}
        <button
          type="submit"
          className={last.danger ? "btn danger" : "btn primary"}
          disabled={wrong !== null}
          autoFocus={!field}
        >
          {last.label}
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  field: Field;
  value: string;
  wrong: string | null;
  onChange(value: string): void;
}

function NameField({ field, value, wrong, onChange }: FieldProps) {
  const id = useId();
  const complaint = value === "" ? null : wrong; // an empty field is not yet wrong to the eye
  return (
    <div className="question-field">
      <label htmlFor={id}>{field.label}</label>
      <input
        id={id}
        type="text"
        value={value}
        autoFocus
        autoComplete="off"
        spellCheck={false}
        aria-invalid={complaint !== null}
        aria-describedby={`${id}-hint`}
        onFocus={(event) => event.target.select()}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-hint`} role={complaint ? "alert" : undefined} className={complaint ? "complaint" : "muted"}>
        {complaint ?? field.hint}
      </p>
    </div>
  );
}
