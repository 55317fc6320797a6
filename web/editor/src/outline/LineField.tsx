import { useEffect, useRef, type FocusEvent, type KeyboardEvent } from "react";
import { PlaceContext, type Place } from "../nodes/slices";
import { editNode, editValue } from "../nodes/edit";
import { t as nodes } from "../nodes/strings";
import { controlOf } from "../widgets/controls";
import type { Widget } from "../graph/types";
import type { Row } from "./rows";
import { editLine, useOutline } from "./store";
import { t } from "./strings";

const CONTROLS = "input:not([hidden]), textarea, select, button:not([tabindex='-1'])";

/** A node's title, or the value of an input, as a field in its line. Enter and Escape lead back to the line. */
export function LineField({ place, row }: { place: Place; row: Row }) {
  const field = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const control = field.current?.querySelector<HTMLElement>(CONTROLS);
    control?.focus();
    if (control instanceof HTMLInputElement) control.select();
    if (control?.getAttribute("role") === "combobox") control.click(); // the list is what is wanted
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" || (event.key === "Enter" && endsByEnter(event.target))) {
      event.stopPropagation();
      editLine(null);
    }
  };
  /** What opens beside the field, such as a list of choices, belongs to it, though it lies elsewhere on the page. */
  const onBlur = ({ relatedTarget, currentTarget }: FocusEvent) => {
    const isOutside = relatedTarget instanceof Element && !currentTarget.contains(relatedTarget);
    if (isOutside && !relatedTarget.closest("[data-radix-popper-content-wrapper]"))
      useOutline.setState({ editing: null });
  };
  return (
    <span
      ref={field}
      className="outline-field"
      role="presentation"
      onKeyDown={onKeyDown}
      onBlur={onBlur}
      onContextMenu={(event) => event.stopPropagation()} // a field has the browser's
    >
      <PlaceContext value={place}>
        {row.kind === "input" && row.widget && <ValueField place={place} row={row} widget={row.widget} />}
        {row.kind === "node" && <TitleField place={place} row={row} />}
      </PlaceContext>
    </span>
  );
}

/** In a text of several lines it begins a new one, and on a button it presses it. */
function endsByEnter(target: EventTarget): boolean {
  const isField = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  return isField && !target.closest("[data-radix-popper-content-wrapper]");
}

interface ValueProps {
  place: Place;
  row: Row & { kind: "input" };
  widget: Widget;
}

function ValueField({ place, row, widget }: ValueProps) {
  const Control = controlOf(widget, row.hasControl);
  return (
    <Control
      widget={widget}
      label={row.name}
      disabled={false}
      invalid={false}
      describedBy={undefined}
      onChange={(value, merging) => {
        editValue(place, widget.name, widget.index, value, merging);
        if (widget.kind === "combo" && !Array.isArray(value)) editLine(null); // of several, more may follow
      }}
    />
  );
}

function TitleField({ place, row }: { place: Place; row: Row }) {
  const keep = (title: string) => {
    if (title.trim() && title !== row.name) editNode(place, nodes.rename, { title: title.trim() });
  };
  return (
    <input
      type="text"
      className="text"
      aria-label={t.rename(row.name)}
      defaultValue={row.name}
      onBlur={(event) => keep(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.value = row.name;
        if (event.key === "Enter") keep(event.currentTarget.value);
      }}
    />
  );
}
