import { useId } from "react";
import { useSpecs } from "../store/specs";
import { controlOf } from "../widgets/controls";
import { inputOf, isSeed, widgetOf, type Field } from "./fields";
import { setFresh, setValue, useForm } from "./store";
import { t } from "./strings";

/** One input: its name, the control that its node has for it, what it means, and what is wrong with it. */
export function FieldRow({ field, label }: { field: Field; label: string }) {
  const { name, property } = field;
  const specs = useSpecs((store) => store.specs);
  const value = useForm((form) => form.values[name]);
  const refusal = useForm((form) => form.refusals.fields[name]);
  const id = useId();
  const input = inputOf(field, specs);
  const widget = widgetOf(input, value);
  const seed = isSeed(input);
  const Control = controlOf(widget, seed);
  const described = [refusal && `${id}-wrong`, property.description && `${id}-hint`].filter(Boolean).join(" ");

  return (
    <div className="form-field" data-kind={widget.kind} data-refused={refusal !== undefined || undefined}>
      <span className="form-label" aria-hidden="true" title={property.title}>
        {label}
      </span>
      <Control
        widget={widget}
        label={label}
        disabled={false}
        invalid={refusal !== undefined}
        describedBy={described || undefined}
        onChange={(next) => setValue(name, next)}
      />
      {seed && <FreshChoice name={name} label={label} />}
      {refusal !== undefined && (
        <p id={`${id}-wrong`} className="form-wrong" role="alert">
          {refusal}
        </p>
      )}
      {property.description && (
        <p id={`${id}-hint`} className="form-hint">
          {property.description}
        </p>
      )}
    </div>
  );
}

/** Whether each run gets another seed, and so another picture. */
function FreshChoice({ name, label }: { name: string; label: string }) {
  const on = useForm((form) => form.fresh.has(name));
  return (
    <label className="form-fresh">
      <input type="checkbox" checked={on} onChange={({ target }) => setFresh(name, target.checked)} />
      {t.fresh(label)}
    </label>
  );
}
