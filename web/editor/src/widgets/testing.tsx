import { useState, type ComponentType } from "react";
import type { InputSpec, Widget } from "../graph/types";
import type { WidgetProps } from "./props";

export function widgetFor(kind: Widget["kind"], value: unknown, spec: Partial<InputSpec> = {}): Widget {
  return {
    name: "steps",
    index: 0,
    kind,
    value,
    linked: false,
    spec: { name: "steps", type: kind.toUpperCase(), optional: false, options: {}, isWidget: true, ...spec },
  };
}

/** A widget with a value that it can change, as it has in a node. `log` gets every change. */
export function Held({ of: Control, widget, log }: HeldProps) {
  const [value, setValue] = useState(widget.value);
  return (
    <Control
      widget={{ ...widget, value }}
      label={widget.name}
      disabled={false}
      invalid={false}
      describedBy={undefined}
      onChange={(next) => {
        log.push(next);
        setValue(next);
      }}
    />
  );
}

interface HeldProps {
  readonly of: ComponentType<WidgetProps>;
  readonly widget: Widget;
  readonly log: unknown[];
}
