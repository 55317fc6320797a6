import { isBorder } from "../graph/border";
import { disconnect, type NodeChange, removeGroup, removeNodes, setNode } from "../graph/edits";
import { applyAll } from "../graph/ops";
import { ALWAYS, BYPASSED, type Doc, type DocNode, MUTED, type Op } from "../graph/types";
import { activeDoc, useWorkspace } from "../store/workspace";
import { useFlow } from "./flow";
import { isCollapsed, isPinned } from "./geometry";
import { t } from "./strings";

/** What can be done to what is selected: each is one step to undo. */

export function currentDoc(): Doc {
  return activeDoc(useWorkspace.getState());
}

/** The selected nodes that the document (still) has; what a subgraph takes and gives is none. */
export function selectedNodes(): DocNode[] {
  const { nodes } = currentDoc();
  return useWorkspace
    .getState()
    .selection.nodes.flatMap((id) => (nodes[id] && !isBorder(nodes[id]) ? [nodes[id]] : []));
}

export function hasSelection(): boolean {
  const { nodes, groups } = useWorkspace.getState().selection;
  return nodes.length + groups.length > 0 || useFlow.getState().edges.some((edge) => edge.selected);
}

/** Several changes, each worked out on what the one before it left. */
function inTurn<T>(doc: Doc, things: readonly T[], change: (doc: Doc, thing: T) => readonly Op[]): Op[] {
  const ops: Op[] = [];
  let now = doc;
  for (const thing of things) {
    const more = change(now, thing);
    now = applyAll(now, more);
    ops.push(...more);
  }
  return ops;
}

/** `heal`: what fed a deleted node feeds what it fed, where the types allow it. */
export function deleteSelection(heal = false): void {
  const doc = currentDoc();
  const { selection, edit, select } = useWorkspace.getState();
  const wires = useFlow
    .getState()
    .edges.filter((edge) => edge.selected)
    .map((edge) => Number(edge.id));
  const nodes = removeNodes(doc, selection.nodes, { heal });
  const rest = applyAll(doc, nodes);
  const links = inTurn(rest, wires, (now, id) => (now.links[id] ? disconnect(now, id) : []));
  const groups = inTurn(applyAll(rest, links), selection.groups, removeGroup);
  edit(heal ? t.deleteHeal : t.delete, [...nodes, ...links, ...groups]);
  select([]);
}

export function removeWire(id: number): void {
  useWorkspace.getState().edit(t.disconnect, disconnect(currentDoc(), id));
}

function changeSelected(label: string, partial: (node: DocNode, all: readonly DocNode[]) => NodeChange): void {
  const nodes = selectedNodes();
  const ops = inTurn(currentDoc(), nodes, (doc, node) => setNode(doc, node.id, partial(node, nodes)));
  useWorkspace.getState().edit(label, ops);
}

/** Give all the mode, or take it from all if all have it. */
function toggleMode(label: string, mode: number): void {
  changeSelected(label, (_, all) => ({ mode: all.every((node) => node.mode === mode) ? ALWAYS : mode }));
}

function toggleFlag(label: string, flag: string, has: (node: DocNode) => boolean): void {
  changeSelected(label, (node, all) => ({ flags: { ...node.flags, [flag]: !all.every(has) } }));
}

export const toggleMute = () => toggleMode(t.mute, MUTED);
export const toggleBypass = () => toggleMode(t.bypass, BYPASSED);
export const toggleCollapse = () => toggleFlag(t.collapse, "collapsed", isCollapsed);
export const togglePin = () => toggleFlag(t.pin, "pinned", isPinned);

export function selectAll(): void {
  const { nodes, groups } = currentDoc();
  useWorkspace.getState().select(
    Object.keys(nodes),
    Object.values(groups).map((group) => group.id),
  );
}
