import { placeOfAddress, type InputPlace } from "../graph/axes";
import { setValue } from "../graph/edits";
import { widgetsOf } from "../graph/inputs";
import { applyAll } from "../graph/ops";
import { specOf } from "../graph/subgraphs";
import { axisName, nameOf } from "../graph/sweep";
import type { Doc, Op, Specs } from "../graph/types";
import { lifted, placeAt } from "../graph/within";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import type { Cell, Sweep } from "./results";
import { t } from "./strings";

/** Put the values of a cell into the active workflow, as one step to undo. */
export function takeValues({ axes }: Sweep, cell: Cell): void {
  const { doc } = activeTab(useWorkspace.getState());
  const { specs } = useSpecs.getState();
  const ops: Op[] = [];
  for (const [at, { input }] of axes.entries()) {
    const more = changeOf(applyAll(doc, ops), specs, input, cell.values[at]);
    if (more === null) return toast(t.table.notUsed(input), "error");
    ops.push(...more);
  }
  useWorkspace.getState().editWhole(t.table.usedStep, ops);
  toast(t.table.used(valuesText(doc, specs, axes, cell)), "ok");
}

/** The values of a cell in words: `cfg of Draw 4, steps of Draw 10`. */
export function valuesText(doc: Doc, specs: Specs, axes: Sweep["axes"], { labels }: Cell): string {
  return axes.map(({ input }, at) => t.table.value(inputName(doc, specs, input), labels[at]!)).join(", ");
}

/** An input as texts name it; as the server calls it, if the workflow has it no more. */
export function inputName(doc: Doc, specs: Specs, address: string): string {
  const place = placeOf(doc, specs, address);
  const node = place && placeAt(doc, place.path).doc.nodes[place.id];
  return node ? axisName(doc, specs, { node, input: place.input }) : address;
}

function changeOf(doc: Doc, specs: Specs, address: string, value: unknown): Op[] | null {
  const place = placeOf(doc, specs, address);
  if (!place) return null;
  const { doc: level, subgraph } = placeAt(doc, place.path);
  const node = level.nodes[place.id]!;
  const spec = specOf(level, node, specs);
  const widget = spec && widgetsOf(node, spec).find(({ name, kind }) => name === place.input && kind !== "control");
  if (!widget) return null;
  return lifted(doc, subgraph, setValue(level, place.id, widget.index, value, place.input), specs);
}

/** By ids, as sweeps by hand have them, or by a node's title or number, as in a Plot X/Y that somebody wired. */
function placeOf(doc: Doc, specs: Specs, address: string): InputPlace | null {
  const found = placeOfAddress(doc, address);
  if (found) return found;
  const dot = address.lastIndexOf(".");
  const [name, input] = [address.slice(0, dot), address.slice(dot + 1)];
  const numbered = /#(\S+)$/.exec(name);
  if (numbered) return placeOfAddress(doc, `${numbered[1]}.${input}`);
  const called = Object.values(doc.nodes).filter((node) => nameOf(doc, specs, node) === name || node.type === name);
  return called.length === 1 ? { path: [], id: called[0]!.id, input } : null;
}
