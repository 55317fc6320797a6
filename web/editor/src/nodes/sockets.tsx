import { Handle, Position } from "@xyflow/react";
import type { CSSProperties } from "react";
import { handleId, inputHandleId, parseHandle } from "../canvas/handles";
import { pressSocket } from "../canvas/tapping";
import { useMisfit, useTapped } from "../canvas/wire";
import type { DocInput, DocOutput, InputSpec, Widget } from "../graph/types";
import { typeColor } from "./color";
import { FaultNote } from "./FaultNote";
import { useFault, usePlace } from "./slices";
import { t } from "./strings";
import { useTip } from "./useTip";
import "./sockets.css";

interface Dot {
  readonly id: string;
  readonly side: "in" | "out";
  readonly name: string;
  readonly type: string;
  readonly linked: boolean;
  readonly optional?: boolean;
  /** Drawn as one that may stay empty: it is optional, or has a widget beside it. */
  readonly hollow?: boolean;
  readonly list?: boolean;
  readonly description?: string | undefined;
}

/**
 * The dot that wires come from and go to: coloured by type, hollow if it may stay empty, square if it carries a list,
 * faded while a wire is drawn that does not fit.
 */
export function Socket({
  id,
  side,
  name,
  type,
  linked,
  optional = false,
  hollow = optional,
  list = false,
  description,
}: Dot) {
  const place = usePlace();
  const misfit = useMisfit(place.id, id);
  const tapped = useTapped(place.id, id);
  const { handlers, tip } = useTip(side === "in" ? "left" : "right", () => (
    <>
      <strong>{name}</strong> <span className="type-name">{type === "*" ? t.any : type.replaceAll(",", ", ")}</span>
      {(optional || list) && <em>{[optional && t.optional, list && t.list].filter(Boolean).join("; ")}</em>}
      {description && <p>{description}</p>}
    </>
  ));
  return (
    <>
      <Handle
        id={id}
        type={side === "in" ? "target" : "source"}
        position={side === "in" ? Position.Left : Position.Right}
        className="socket"
        role="button"
        tabIndex={-1}
        aria-label={side === "in" ? t.input(name, type) : t.output(name, type)}
        data-type={type}
        data-linked={linked || undefined}
        data-hollow={hollow || undefined}
        data-list={list || undefined}
        data-misfit={misfit || undefined}
        style={{ "--socket": typeColor(type) } as CSSProperties}
        data-tapped={tapped || undefined}
        onClick={({ nativeEvent }) => press(place.id, id, nativeEvent)}
        {...handlers}
      />
      {tip}
    </>
  );
}

/** Browsers tell by which pointer something was clicked, though not in the type of the event. */
function press(node: string, id: string, event: MouseEvent): void {
  const handle = parseHandle(id);
  if (handle) pressSocket({ node, handle }, event instanceof PointerEvent ? event.pointerType : undefined);
}

interface InputRowProps {
  readonly input: DocInput;
  readonly slot: number;
  readonly spec: InputSpec | undefined;
  readonly linked: boolean;
}

/** An input that only a wire can fill, with its name and what is wrong with it. */
export function InputRow({ input, slot, spec, linked }: InputRowProps) {
  const fault = useFault(usePlace(), input.name);
  return (
    <li className="socket-row" data-fault={fault !== undefined || undefined}>
      <Socket
        id={inputHandleId(input, slot)}
        side="in"
        name={input.name}
        type={input.type}
        linked={linked}
        optional={spec?.optional ?? false}
        description={tooltipOf(spec)}
      />
      <span className="socket-name">{input.name}</span>
      {fault !== undefined && <FaultNote text={fault} />}
    </li>
  );
}

interface OutputRowProps {
  readonly output: DocOutput;
  readonly slot: number;
  readonly list: boolean;
  readonly linked: boolean;
}

export function OutputRow({ output, slot, list, linked }: OutputRowProps) {
  const name = output.name || output.type;
  return (
    <li className="socket-row out">
      <span className="socket-name">{name}</span>
      <Socket id={handleId("out", slot)} side="out" name={name} type={output.type} linked={linked} list={list} />
    </li>
  );
}

/** The socket beside a widget: it shows itself when it has a wire, or when the pointer is near. */
export function WidgetSocket({ widget, linked }: { widget: Widget; linked: boolean }) {
  const { name, spec } = widget;
  const type = spec.choices ? "COMBO" : spec.type;
  return (
    <Socket
      id={handleId("widget", name)}
      side="in"
      name={name}
      type={type}
      linked={linked}
      optional={spec.optional}
      hollow
      description={tooltipOf(spec)}
    />
  );
}

function tooltipOf(spec: InputSpec | undefined): string | undefined {
  const tooltip = spec?.options["tooltip"];
  return typeof tooltip === "string" ? tooltip : undefined;
}
