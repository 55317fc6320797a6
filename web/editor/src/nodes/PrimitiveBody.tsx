import { useMemo } from "react";
import type { DocNode } from "../graph/types";
import { useSpecs } from "../store/specs";
import { shownDoc, useWorkspace } from "../store/workspace";
import { has } from "./linked";
import { WidgetRows } from "./NodeBody";
import { primitiveWidgets } from "./primitive";
import { useLinked, usePlace } from "./slices";
import { OutputRow } from "./sockets";
import { t } from "./strings";
import "./notes.css";

/** A primitive shows the widget of the input that it feeds. */
export function PrimitiveBody({ node }: { node: DocNode }) {
  const place = usePlace();
  const linkedOut = useLinked(place, "out");
  const doc = useWorkspace((workspace) => {
    const open = workspace.tabs.find((tab) => tab.id === place.tab);
    return open && shownDoc(open);
  });
  const specs = useSpecs((store) => store.specs);
  const widgets = useMemo(() => (doc ? primitiveWidgets(doc, node, specs) : []), [doc, node, specs]);
  return (
    <div className="node-body">
      <div className="node-sockets">
        <ul />
        <ul>
          {node.outputs.map((output, slot) => (
            <OutputRow key={slot} output={output} slot={slot} list={false} linked={has(linkedOut, slot)} />
          ))}
        </ul>
      </div>
      <WidgetRows widgets={widgets} linkedIn="," />
      {widgets.length === 0 && <p className="primitive-hint">{t.primitiveHint}</p>}
    </div>
  );
}
