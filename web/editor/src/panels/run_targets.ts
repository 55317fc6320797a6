import { canRunTo } from "../graph/probes";
import type { Doc, NodeId, Specs } from "../graph/types";

/** Those of the selected nodes up to which a run can be asked for. */
export function runTargets(doc: Doc, specs: Specs, selected: readonly NodeId[]): NodeId[] {
  return selected.filter((id) => canRunTo(doc, specs, id));
}
