import {
  applyEdgeChanges,
  applyNodeChanges,
  type EdgeChange,
  type NodeChange,
  type NodePositionChange,
  type ReactFlowInstance,
} from "@xyflow/react";
import { create } from "zustand";
import { activeTab, pathText, shownDoc, useWorkspace, type Workspace } from "../store/workspace";
import { deriveEdges, deriveNodes, type FlowEdge, type FlowNode, isGroup, withoutHandles } from "./derive";

/**
 * What the canvas shows: worked out of the active document, plus what is on its way to it (places while dragging) and
 * what no document holds (sizes that were measured, selected wires).
 */
export interface Flow {
  readonly nodes: FlowNode[];
  readonly edges: FlowEdge[];
  /** The nodes that move with a group, by the group's id on the canvas; fixed when the drag begins. */
  readonly carried: Readonly<Record<string, readonly string[]>>;
  /** Whether a box is being drawn around what is to be selected. */
  readonly boxing: boolean;
  readonly instance: ReactFlowInstance<FlowNode, FlowEdge> | null;
}

export const useFlow = create<Flow>()(() => ({ nodes: [], edges: [], carried: {}, boxing: false, instance: null }));

/** Follow the workspace: what comes back ends it. */
export function followWorkspace(): () => void {
  refresh(useWorkspace.getState());
  return useWorkspace.subscribe((now, before) => {
    const changed = activeTab(now) !== activeTab(before) || now.selection !== before.selection;
    if (changed) refresh(now, placeKey(now) !== placeKey(before));
  });
}

/** Tells the tabs, and the levels of each, from one another. */
export function placeKey(workspace: Workspace): string {
  const tab = activeTab(workspace);
  return `${tab.id}/${pathText(tab)}`;
}

function refresh(workspace: Workspace, elsewhere = false): void {
  const tab = activeTab(workspace);
  const doc = shownDoc(tab);
  const { nodes, edges } = useFlow.getState();
  useFlow.setState({
    nodes: deriveNodes(tab.id, doc, workspace.selection, elsewhere ? [] : nodes, pathText(tab)),
    edges: deriveEdges(doc, elsewhere ? [] : edges),
  });
}

/** What React Flow asks to change: places and sizes stay here, the selection goes to the workspace. */
export function changeNodes(changes: readonly NodeChange<FlowNode>[]): void {
  const { nodes, carried } = useFlow.getState();
  const local = changes.filter((change) => change.type === "position" || change.type === "dimensions");
  if (local.length > 0) {
    const changed = applyNodeChanges(withCarried(local, nodes, carried), nodes);
    useFlow.setState({ nodes: changed.map((node, at) => (node === nodes[at] ? node : withoutHandles(node))) });
  }
  if (changes.some((change) => change.type === "select")) selectBy(changes);
}

/** A box selects nodes only: their wires go with them anyway. */
export function changeEdges(changes: EdgeChange<FlowEdge>[]): void {
  const { boxing } = useFlow.getState();
  const selects = changes.filter((change) => change.type === "select" && !(boxing && change.selected));
  if (selects.length > 0) useFlow.setState(({ edges }) => ({ edges: applyEdgeChanges(selects, edges) }));
}

function selectBy(changes: readonly NodeChange<FlowNode>[]): void {
  const wanted = new Map(changes.flatMap((change) => (change.type === "select" ? [[change.id, change.selected]] : [])));
  const chosen = useFlow.getState().nodes.filter((node) => wanted.get(node.id) ?? node.selected ?? false);
  useWorkspace.getState().select(
    chosen.flatMap((node) => (isGroup(node) ? [] : [node.id])),
    chosen.flatMap((node) => (isGroup(node) ? [node.data.id] : [])),
  );
}

/** The nodes of a group that moves make the same way, but for those that are dragged themselves. */
function withCarried(
  changes: NodeChange<FlowNode>[],
  nodes: readonly FlowNode[],
  carried: Flow["carried"],
): NodeChange<FlowNode>[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const moved = new Set(changes.flatMap((change) => (change.type === "position" ? [change.id] : [])));
  const more: NodePositionChange[] = [];
  for (const change of changes) {
    const group = change.type === "position" ? byId.get(change.id) : undefined;
    if (!group || change.type !== "position" || !change.position) continue;
    const by = { x: change.position.x - group.position.x, y: change.position.y - group.position.y };
    for (const id of carried[change.id] ?? []) {
      const node = byId.get(id);
      if (!node || moved.has(id)) continue;
      moved.add(id); // groups may overlap: what lies in both moves once
      more.push({ id, type: "position", position: { x: node.position.x + by.x, y: node.position.y + by.y } });
    }
  }
  return [...changes, ...more];
}
