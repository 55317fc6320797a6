import { newUuid } from "../api/ids";
import { isBorder } from "../graph/border";
import { inputsOf, widgetsOf } from "../graph/inputs";
import { demote, promote, promotedBy } from "../graph/promote";
import { specOf } from "../graph/subgraphs";
import type { DocNode, NodeSpec } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";
import { t } from "./strings";

/** Which widgets inside of a subgraph are shown outside. */

export interface Promotable {
  readonly name: string;
  readonly isPromoted: boolean;
}

/** The widgets of the selected node, if one is selected inside of a subgraph. */
export function promotable(): Promotable[] {
  const { subgraph, doc } = placeOf(activeTab(useWorkspace.getState()));
  const chosen = subgraph === null ? null : selected();
  if (!chosen) return [];
  const { node, spec } = chosen;
  const sockets = new Set(inputsOf(spec).flatMap(({ name, options }) => (options["socketless"] ? [] : [name])));
  return widgetsOf(node, spec)
    .filter(({ name, kind }) => kind !== "control" && sockets.has(name))
    .map(({ name }) => ({ name, isPromoted: promotedBy(doc, node.id, name) !== null }));
}

/** Shows a widget of the selected node outside, or no longer. */
export function togglePromoted(name: string): void {
  const chosen = selected();
  const workspace = useWorkspace.getState();
  const { doc } = placeOf(activeTab(workspace));
  if (!chosen) return;
  const { node, spec } = chosen;
  if (promotedBy(doc, node.id, name)) workspace.edit(t.demoteLabel(name), demote(doc, node.id, name));
  else workspace.edit(t.promoteLabel(name), promote(doc, node.id, name, spec, newUuid()));
}

function selected(): { node: DocNode; spec: NodeSpec } | null {
  const workspace = useWorkspace.getState();
  const { doc } = placeOf(activeTab(workspace));
  const [id, ...others] = workspace.selection.nodes;
  const node = id === undefined || others.length > 0 ? undefined : doc.nodes[id];
  const spec = node && !isBorder(node) ? specOf(doc, node, useSpecs.getState().specs) : undefined;
  return node && spec ? { node, spec } : null;
}
