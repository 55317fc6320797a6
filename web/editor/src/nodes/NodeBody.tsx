import { useMemo } from "react";
import { handleId, inputHandleId } from "../canvas/handles";
import { axesOn } from "../graph/axes";
import { inputsOf, widgetsOf } from "../graph/inputs";
import type { DocNode, NodeSpec, Widget } from "../graph/types";
import { WidgetRow } from "../widgets/WidgetRow";
import { FaultNote } from "./FaultNote";
import { has } from "./linked";
import { NodeOutput } from "./NodeOutput";
import { PointPicker } from "./PointPicker";
import { useFault, useLinked, usePlace } from "./slices";
import { InputRow, OutputRow, Socket } from "./sockets";
import { t } from "./strings";

const NO_WIDGETS: readonly Widget[] = [];

/** What lies below the header: sockets, widgets, what is wrong, and what the node showed. */
export function NodeBody({ node, spec }: { node: DocNode; spec: NodeSpec | undefined }) {
  const place = usePlace();
  const linkedIn = useLinked(place, "in");
  const linkedOut = useLinked(place, "out");
  const fault = useFault(place, null);
  const inputs = useMemo(() => new Map(spec && inputsOf(spec).map((input) => [input.name, input])), [spec]);
  const widgets = useMemo(() => (spec ? widgetsOf(node, spec) : NO_WIDGETS), [node, spec]);
  const shown = new Set(widgets.map((widget) => widget.name));

  return (
    <div className="node-body">
      {!spec && <p className="fault">{t.unknown(node.type)}</p>}
      <div className="node-sockets">
        <ul>
          {node.inputs.map((input, slot) =>
            input.widget !== undefined && shown.has(input.widget) ? null : (
              <InputRow
                key={slot}
                input={input}
                slot={slot}
                spec={inputs.get(input.name)}
                linked={has(linkedIn, slot)}
              />
            ),
          )}
        </ul>
        <ul>
          {node.outputs.map((output, slot) => (
            <OutputRow
              key={slot}
              output={output}
              slot={slot}
              list={spec?.output_is_list[slot] ?? false}
              linked={has(linkedOut, slot)}
            />
          ))}
        </ul>
      </div>
      <WidgetRows widgets={widgets} linkedIn={linkedIn} axes={axesOn(node)} />
      {spec && <PointPicker spec={spec} widgets={widgets} linkedIn={linkedIn} />}
      {fault !== undefined && <FaultNote text={fault} />}
      <NodeOutput />
    </div>
  );
}

interface RowsProps {
  widgets: readonly Widget[];
  linkedIn: string;
  /** By name, what inputs are swept over. */
  axes?: Readonly<Record<string, string>>;
}

export function WidgetRows({ widgets, linkedIn, axes = {} }: RowsProps) {
  if (widgets.length === 0) return null;
  return (
    <div className="node-widgets">
      {widgets.map((widget, at) => (
        <WidgetRow
          key={widget.index}
          widget={widget}
          fed={widget.linked || has(linkedIn, widget.socket)}
          axis={axes[widget.name]}
          hasControl={widgets[at + 1]?.kind === "control" && !widget.spec.choices}
        />
      ))}
    </div>
  );
}

/** A folded node's wires meet in the middle of its sides. */
export function FoldedSockets({ node, spec }: { node: DocNode; spec: NodeSpec | undefined }) {
  const place = usePlace();
  const linkedIn = useLinked(place, "in");
  const linkedOut = useLinked(place, "out");
  const bare = spec
    ? widgetsOf(node, spec).filter(({ socket, kind }) => socket === undefined && kind !== "control")
    : [];
  return (
    <div className="folded-sockets">
      {bare.map(({ name, spec: { type } }) => (
        <Socket key={`widget ${name}`} id={handleId("widget", name)} side="in" name={name} type={type} linked={false} />
      ))}
      {node.inputs.map((input, slot) => (
        <Socket
          key={`in ${slot}`}
          id={inputHandleId(input, slot)}
          side="in"
          name={input.name}
          type={input.type}
          linked={has(linkedIn, slot)}
        />
      ))}
      {node.outputs.map(({ name, type }, slot) => (
        <Socket
          key={`out ${slot}`}
          id={handleId("out", slot)}
          side="out"
          name={name}
          type={type}
          linked={has(linkedOut, slot)}
        />
      ))}
    </div>
  );
}
