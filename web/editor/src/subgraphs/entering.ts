import { leavePlace } from "../canvas/jumps";
import { definitionOf, holds } from "../graph/definitions";
import { NotAWorkflow } from "../graph/load";
import { applyAll } from "../graph/ops";
import type { NodeId, Op } from "../graph/types";
import { placeAt } from "../graph/within";
import { toast } from "../shell/toast";
import { activeDoc, activeTab, placeOf, useWorkspace } from "../store/workspace";
import { t } from "./strings";

/** Going into subgraphs and out again. */

/** Whether a node that is shown stands for a subgraph. */
export function canEnter(id: NodeId): boolean {
  const doc = activeDoc(useWorkspace.getState());
  const node = doc.nodes[id];
  return node !== undefined && definitionOf(doc, node.type) !== undefined;
}

/** Shows the inside of a node; says so if it can't be read. */
export function enter(id: NodeId): void {
  const workspace = useWorkspace.getState();
  const tab = activeTab(workspace);
  const path = [...placeOf(tab).path, id];
  try {
    placeAt(tab.doc, path);
  } catch (error) {
    if (!(error instanceof NotAWorkflow)) throw error;
    toast(t.cannotEnter(error.message), "error");
    return;
  }
  leavePlace();
  workspace.goInto(path);
}

/** Shows what is around, with the node that was left selected. */
export function leave(): void {
  const workspace = useWorkspace.getState();
  const { path } = placeOf(activeTab(workspace));
  leaveTo(path.length - 1);
}

/** Shows the level that is so deep; 0 is the workflow itself. */
export function leaveTo(depth: number): void {
  const workspace = useWorkspace.getState();
  const { path } = placeOf(activeTab(workspace));
  const left = path[depth];
  if (left === undefined || depth < 0) return;
  leavePlace();
  workspace.goInto(path.slice(0, depth));
  workspace.select([left]);
}

/** Whether what is to be done here would put a subgraph into itself. */
export function holdsItself(ops: readonly Op[]): boolean {
  const workspace = useWorkspace.getState();
  const { subgraph, doc } = placeOf(activeTab(workspace));
  if (subgraph === null) return false;
  const after = applyAll(doc, ops);
  return ops.some((op) => op.of === "nodes" && op.after !== null && holds(after, op.after.type, subgraph));
}
