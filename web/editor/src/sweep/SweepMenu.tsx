import * as ContextMenu from "@radix-ui/react-context-menu";
import { later, Sub } from "../canvas/MenuParts";
import { axesOn } from "../graph/axes";
import { linkedInputs } from "../graph/connect";
import { widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import { canSweep } from "../graph/sweep_values";
import { EDITOR_ONLY } from "../graph/virtual";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { askForAxis } from "./axis_dialog";
import { readAxis } from "./reading";
import { t } from "./strings";

/** The inputs of the selected node that have a value, those that are swept with how many values. */
export function SweepMenu() {
  const id = useWorkspace(({ selection }) => selection.nodes[0] ?? "");
  const doc = useWorkspace(activeDoc);
  const specs = useSpecs((store) => store.specs);
  const node = doc.nodes[id];
  const spec = node && !(node.type in EDITOR_ONLY) ? specOf(doc, node, specs) : undefined;
  if (!node || !spec) return null;
  const axes = axesOn(node);
  const widgets = widgetsOf(node, spec, linkedInputs(doc, id)).filter(
    ({ name, kind, linked, spec: input }) => name in axes || (kind !== "control" && !linked && canSweep(input)),
  );
  if (widgets.length === 0) return null;

  return (
    <Sub label={t.menu}>
      {widgets.map((widget) => {
        const text = axes[widget.name];
        return (
          <ContextMenu.CheckboxItem
            key={widget.name}
            className="menu-item"
            checked={text !== undefined}
            onCheckedChange={() => later(() => askForAxis(id, widget.name))}
          >
            {widget.name}
            {text !== undefined && <span className="keys">{t.values(readAxis(text, widget).labels.length)}</span>}
          </ContextMenu.CheckboxItem>
        );
      })}
    </Sub>
  );
}
