import { addGroup, removeGroup, setGroup } from "../graph/edits";
import type { DocGroup } from "../graph/types";
import { useWorkspace } from "../store/workspace";
import { type FlowNode, groupFlowId, isGroup } from "./derive";
import { useFlow } from "./flow";
import { isPinned } from "./geometry";
import { currentDoc } from "./selection";
import { t } from "./strings";

/** What can be done to groups: each is one step to undo. */

const PADDING = 16;
const TITLE_HEIGHT = 32;

/** The frame that holds these nodes, with room for its title; null if there are none. */
function frameOf(nodes: readonly FlowNode[]): DocGroup["bounding"] | null {
  const { instance } = useFlow.getState();
  if (nodes.length === 0 || !instance) return null;
  const { x, y, width, height } = instance.getNodesBounds([...nodes]);
  return [
    Math.round(x - PADDING),
    Math.round(y - PADDING - TITLE_HEIGHT),
    Math.round(width + 2 * PADDING),
    Math.round(height + 2 * PADDING + TITLE_HEIGHT),
  ];
}

/** Whose middle lies in a group: what goes along when it is moved. */
export function nodesInside(group: FlowNode, nodes: readonly FlowNode[]): FlowNode[] {
  const { x, y } = group.position;
  const { width = 0, height = 0 } = group;
  return nodes.filter((node) => {
    const middle = {
      x: node.position.x + (node.measured?.width ?? 0) / 2,
      y: node.position.y + (node.measured?.height ?? 0) / 2,
    };
    return !isGroup(node) && middle.x >= x && middle.x <= x + width && middle.y >= y && middle.y <= y + height;
  });
}

/** A pinned node stays where it is. */
export function carriedBy(group: FlowNode, nodes: readonly FlowNode[]): string[] {
  return nodesInside(group, nodes).flatMap((node) => (isGroup(node) || isPinned(node.data.of) ? [] : [node.id]));
}

function insideOf(id: number): FlowNode[] {
  const { nodes } = useFlow.getState();
  const group = nodes.find((node) => node.id === groupFlowId(id));
  return group ? nodesInside(group, nodes) : [];
}

/** Draw a group around the selected nodes. */
export function groupSelection(): void {
  const frame = frameOf(useFlow.getState().nodes.filter((node) => node.selected && !isGroup(node)));
  if (!frame) return;
  const { ops, id } = addGroup(currentDoc(), t.newGroup, frame);
  const { edit, select } = useWorkspace.getState();
  edit(t.group, ops);
  select([], [id]);
}

/** Make a group as large as what lies in it. */
export function fitGroup(id: number): void {
  const bounding = frameOf(insideOf(id));
  if (bounding) useWorkspace.getState().edit(t.resizeGroup, setGroup(currentDoc(), id, { bounding }));
}

export function selectInside(id: number): void {
  useWorkspace.getState().select(insideOf(id).map((node) => node.id));
}

export function dissolveGroup(id: number): void {
  useWorkspace.getState().edit(t.ungroup, removeGroup(currentDoc(), id));
}

export function renameGroup(id: number, title: string): void {
  useWorkspace.getState().edit(t.renameGroup, setGroup(currentDoc(), id, { title }));
}
