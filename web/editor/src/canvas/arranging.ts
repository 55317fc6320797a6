import { alignNodes, type Alignment, moveNodes } from "../graph/edits";
import { layout } from "../graph/layout";
import type { Doc } from "../graph/types";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { isGroup } from "./derive";
import { useFlow } from "./flow";
import { isCollapsed, titleHeight } from "./geometry";
import { currentDoc } from "./selection";
import { t } from "./strings";

/** How nodes lie to each other: each is one step to undo. */

export function align(how: Alignment): void {
  const moves = alignNodes(asDrawn(currentDoc()), useWorkspace.getState().selection.nodes, how);
  const places = new Map(moves.flatMap((op) => (op.of === "nodes" && op.after ? [[op.id, op.after.pos]] : [])));
  useWorkspace.getState().edit(t.align, moveNodes(currentDoc(), places));
}

/** Lay out the selected nodes, or all if fewer than two are selected. */
export async function arrange(): Promise<void> {
  const { selection, edit } = useWorkspace.getState();
  const ids = selection.nodes.length > 1 ? selection.nodes : undefined;
  try {
    const places = await layout(asDrawn(currentDoc()), useSpecs.getState().specs, ids);
    edit(t.arrange, moveNodes(currentDoc(), places));
  } catch (error) {
    toast(t.arrangeFailed(error instanceof Error ? error.message : String(error)), "error");
  }
}

/** The document with the sizes that its nodes have on the canvas: pictures and long texts make them higher. */
function asDrawn(doc: Doc): Doc {
  const nodes = { ...doc.nodes };
  for (const shown of useFlow.getState().nodes) {
    const node = nodes[shown.id];
    const { width, height } = shown.measured ?? {};
    if (isGroup(shown) || !node || width === undefined || height === undefined) continue;
    const below = isCollapsed(node) ? 0 : height - titleHeight(node.type);
    nodes[shown.id] = { ...node, size: [Math.round(width), Math.round(below)] };
  }
  return { ...doc, nodes };
}
