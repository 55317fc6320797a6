import { useId, useRef, type ComponentType } from "react";
import { editValue } from "../nodes/edit";
import { FaultNote } from "../nodes/FaultNote";
import { useMovesSockets } from "../nodes/measure";
import { useFault, usePlace } from "../nodes/slices";
import { WidgetSocket } from "../nodes/sockets";
import { takesSeveral } from "../graph/inputs";
import type { Widget } from "../graph/types";
import { ColorWidget } from "./ColorWidget";
import { ComboWidget } from "./ComboWidget";
import { ImageWidget } from "./ImageWidget";
import { MultiComboWidget } from "./MultiComboWidget";
import { NodeInputWidget } from "./NodeInputWidget";
import { NumberWidget } from "./NumberWidget";
import type { WidgetProps } from "./props";
import { ControlWidget, SeedWidget } from "./SeedWidget";
import { TextWidget } from "./TextWidget";
import { ToggleWidget } from "./ToggleWidget";
import { t } from "./strings";

const KINDS: Readonly<Record<Widget["kind"], ComponentType<WidgetProps>>> = {
  int: NumberWidget,
  float: NumberWidget,
  text: TextWidget,
  multiline: TextWidget,
  toggle: ToggleWidget,
  combo: ComboWidget,
  color: ColorWidget,
  image: ImageWidget,
  control: ControlWidget,
};

/** One control of a node: its socket, its name, the control of its kind, and what is wrong with it. */
export function WidgetRow({ widget, fed, hasControl }: { widget: Widget; fed: boolean; hasControl: boolean }) {
  const place = usePlace();
  const fault = useFault(place, widget.kind === "control" ? "" : widget.name);
  const faultId = useId();
  const row = useRef<HTMLDivElement>(null);
  useMovesSockets(row, widget.kind === "multiline" || widget.kind === "image");
  const Control = controlOf(widget, hasControl);
  const label = widget.kind === "control" ? t.control : widget.name;
  const { tooltip } = widget.spec.options;

  return (
    <div
      ref={row}
      className="widget-row"
      data-kind={widget.kind}
      data-fed={fed || undefined}
      data-fault={fault !== undefined || undefined}
    >
      {widget.kind !== "control" && <WidgetSocket widget={widget} linked={fed} />}
      <span
        className="widget-label"
        title={typeof tooltip === "string" ? `${label}: ${tooltip}` : label}
        aria-hidden="true"
      >
        {label}
      </span>
      <Control
        widget={widget}
        label={label}
        disabled={fed}
        invalid={fault !== undefined}
        describedBy={fault === undefined ? undefined : faultId}
        onChange={(value, merging) => editValue(place, widget.name, widget.index, value, merging)}
      />
      {fault !== undefined && <FaultNote id={faultId} text={fault} />}
    </div>
  );
}

/** A choice may be of several, a whole number a colour, a text an input's name; one with a control after it is a seed. */
export function controlOf({ kind, spec }: Widget, hasControl: boolean): ComponentType<WidgetProps> {
  if (kind === "combo" && takesSeveral(spec.options)) return MultiComboWidget;
  if (kind === "int" && spec.options["display"] === "color") return ColorWidget;
  if (kind === "text" && spec.options["node_input"]) return NodeInputWidget;
  return hasControl ? SeedWidget : KINDS[kind];
}
