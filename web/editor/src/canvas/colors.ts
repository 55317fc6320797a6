import { setGroup, setNode } from "../graph/edits";
import { applyAll } from "../graph/ops";
import type { Op } from "../graph/types";
import { useWorkspace } from "../store/workspace";
import { currentDoc, selectedNodes } from "./selection";
import { t } from "./strings";

/** The colours that a node can be given: its header's and its ground's, dark as in files that others will open. */
export const colors: Readonly<Record<string, { readonly color: string; readonly bgcolor: string }>> = {
  red: { color: "#7c2d34", bgcolor: "#4e2226" },
  brown: { color: "#6d4a2c", bgcolor: "#463223" },
  yellow: { color: "#75621f", bgcolor: "#4a401c" },
  green: { color: "#2f6840", bgcolor: "#23442d" },
  cyan: { color: "#226569", bgcolor: "#1d4345" },
  blue: { color: "#2d5283", bgcolor: "#233955" },
  purple: { color: "#5f3f84", bgcolor: "#402e57" },
};

/** Null takes the colour away. */
export function paintSelected(name: string | null): void {
  const { color, bgcolor } = (name !== null && colors[name]) || {};
  const ops: Op[] = [];
  for (const { id } of selectedNodes()) ops.push(...setNode(applyAll(currentDoc(), ops), id, { color, bgcolor }));
  useWorkspace.getState().edit(t.color, ops);
}

export function paintGroup(id: number, name: string | null): void {
  const { color } = (name !== null && colors[name]) || {};
  useWorkspace.getState().edit(t.color, setGroup(currentDoc(), id, { color }));
}
