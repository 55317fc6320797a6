import { useEffect, useMemo, useRef } from "react";
import { reset, run } from "./actions";
import { FieldRow } from "./FieldRow";
import { groupsOf, isChosen, labelOf, type FieldGroup } from "./fields";
import { useForm } from "./store";
import { t } from "./strings";

/** The id of the form: the button that runs it stands outside. */
export const FORM = "inputs";

/** The workflow's inputs. Enter in a field runs it, as the button does. */
export function Inputs() {
  const fields = useForm((form) => form.fields);
  const description = useForm((form) => form.workflow?.description ?? "");
  const groups = useMemo(() => groupsOf(fields), [fields]);
  const wrong = useForm((form) => Object.keys(form.refusals.fields).length > 0);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (wrong) form.current?.querySelector("[data-refused]")?.scrollIntoView?.({ block: "center" });
  }, [wrong]);

  return (
    <form
      ref={form}
      id={FORM}
      className="form-inputs"
      aria-label={t.inputs}
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {description && <p className="muted">{description}</p>}
      {fields.length === 0 && <p className="muted">{t.nothingToSet}</p>}
      {fields.length > 0 && !isChosen(fields) && <p className="muted">{t.nothingChosen}</p>}
      {groups.map((group) => (
        <Group key={group.fields[0]?.name ?? ""} group={group} />
      ))}
      {fields.length > 0 && (
        <button type="button" className="btn quiet form-reset" onClick={reset}>
          {t.reset}
        </button>
      )}
    </form>
  );
}

function Group({ group }: { group: FieldGroup }) {
  const rows = group.fields.map((field) => <FieldRow key={field.name} field={field} label={labelOf(field, group)} />);
  if (group.title === null) return rows;
  return (
    <fieldset className="form-group">
      <legend>{group.title}</legend>
      {rows}
    </fieldset>
  );
}
