import { useId, useRef } from "react";
import { editValue } from "../nodes/edit";
import { FaultNote } from "../nodes/FaultNote";
import { useMovesSockets } from "../nodes/measure";
import { useFault, usePlace } from "../nodes/slices";
import { WidgetSocket } from "../nodes/sockets";
import { AxisMark } from "../sweep/AxisMark";
import type { Widget } from "../graph/types";
import { controlOf } from "./controls";
import { t } from "./strings";

interface Props {
  widget: Widget;
  fed: boolean;
  hasControl: boolean;
  /** What a sweep is to put there. */
  axis: string | undefined;
}

/** One control of a node: its socket, its name, the control of its kind, what it is swept over, and what is wrong with it. */
export function WidgetRow({ widget, fed, hasControl, axis }: Props) {
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
      {axis !== undefined && widget.kind !== "control" && <AxisMark widget={widget} text={axis} />}
      {fault !== undefined && <FaultNote id={faultId} text={fault} />}
    </div>
  );
}
