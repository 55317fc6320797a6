import { create } from "zustand";
import { axesOf, axesOn, MOST_AXES, setAxis } from "../graph/axes";
import { axisName } from "../graph/sweep";
import type { NodeId } from "../graph/types";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeDoc, activeTab, useWorkspace } from "../store/workspace";
import { t } from "./strings";

/** The input whose values are asked for: of a node on the canvas. */
export interface Asked {
  readonly id: NodeId;
  readonly input: string;
}

export const useAxisDialog = create<{ readonly asked: Asked | null }>()(() => ({ asked: null }));

/** Ask for an input's values; of a third input, say which two there are. */
export function askForAxis(id: NodeId, input: string): void {
  const workspace = useWorkspace.getState();
  const node = activeDoc(workspace).nodes[id];
  if (!node) return;
  const { doc } = activeTab(workspace);
  const others = axesOf(doc);
  if (!(input in axesOn(node)) && others.length >= MOST_AXES) {
    const names = others.map((axis) => axisName(doc, useSpecs.getState().specs, axis));
    return toast(t.dialog.third([...new Set(names)].join(t.dialog.and)), "error");
  }
  useAxisDialog.setState({ asked: { id, input } });
}

export function closeAxisDialog(): void {
  useAxisDialog.setState({ asked: null });
}

/** Sweep an input of a node on the canvas over values; null ends that. */
export function changeAxis({ id, input }: Asked, text: string | null): void {
  const workspace = useWorkspace.getState();
  workspace.edit(text === null ? t.stop : t.change, setAxis(activeDoc(workspace), id, input, text));
  closeAxisDialog();
}
