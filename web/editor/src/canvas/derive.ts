import type { Edge, Node } from "@xyflow/react";
import { INPUTS_TYPE, OUTPUTS_TYPE } from "../graph/border";
import { definitionOf } from "../graph/definitions";
import { graph } from "../graph/strings";
import type { Doc, DocGroup, DocLink, DocNode } from "../graph/types";
import { cornerOf, isCollapsed, isPinned } from "./geometry";
import { handleId, inputHandleId } from "./handles";
import { isSameShape, sizeOf, socketsOf } from "./places";
import { t } from "./strings";

/**
 * What React Flow draws, worked out of the document. What did not change keeps its identity, so that an edit draws again
 * only what it touched; sizes that were measured are kept.
 */
export type GraphFlowNode = Node<
  {
    readonly id: string;
    readonly tab: string;
    /** What its id begins with where the server speaks of it: `5:2:` inside of subgraphs. */
    readonly prefix: string;
    readonly of: DocNode;
  },
  "graph"
>;
export type GroupFlowNode = Node<{ readonly id: number; readonly of: DocGroup }, "group">;
export type FlowNode = GraphFlowNode | GroupFlowNode;
export type FlowEdge = Edge<{ readonly of: DocLink; readonly dimmed: boolean }, "link">;

export interface Selection {
  readonly nodes: readonly string[];
  readonly groups: readonly number[];
}

/** Groups lie behind the wires (0), and a selected node above the others. */
const GROUP_Z = -1;
const NODE_Z = 1;
const SELECTED_Z = 2;

const GROUP_PREFIX = "group/";

export function groupFlowId(id: number): string {
  return `${GROUP_PREFIX}${id}`;
}

export function isGroup(node: FlowNode): node is GroupFlowNode {
  return node.type === "group";
}

/** Groups first, then the nodes in their order: later ones lie above. */
export function deriveNodes(
  tab: string,
  doc: Doc,
  selection: Selection,
  previous: readonly FlowNode[],
  prefix = "",
): FlowNode[] {
  const before = new Map(previous.map((node) => [node.id, node]));
  const selected = new Set(selection.nodes);
  const groups = Object.values(doc.groups).map((group) =>
    flowGroup(group, selection.groups.includes(group.id), before.get(groupFlowId(group.id))),
  );
  const nodes = doc.order.flatMap((id) => {
    const node = doc.nodes[id];
    return node ? [flowNode(doc, { tab, prefix }, node, selected.has(id), before.get(id))] : [];
  });
  return [...groups, ...nodes];
}

function flowNode(
  doc: Doc,
  where: { readonly tab: string; readonly prefix: string },
  node: DocNode,
  selected: boolean,
  before: FlowNode | undefined,
): FlowNode {
  const isHere = before?.type === "graph" && before.data.tab === where.tab && before.data.prefix === where.prefix;
  const old = isHere ? before : undefined;
  if (old?.data.of === node) {
    return old.selected === selected ? old : withoutHandles({ ...old, selected, zIndex: zOf(selected) });
  }
  const isKnown = old !== undefined && isSameShape(old.data.of, node);
  return {
    id: node.id,
    type: "graph",
    ariaLabel: nameOf(doc, node),
    data: { id: node.id, ...where, of: node },
    position: cornerOf(node),
    ...(hasOwnWidth(node) ? { width: node.size[0] } : {}),
    measured: (isKnown && old.measured) || sizeOf(node),
    ...(isKnown ? {} : { handles: socketsOf(node) }),
    draggable: !isPinned(node),
    selected,
    zIndex: zOf(selected),
  };
}

/** A reroute is as small as it is drawn, whatever its file says. */
function hasOwnWidth(node: DocNode): boolean {
  return !isCollapsed(node) && node.type !== "Reroute";
}

/** As screen readers name it; what a type is called is not in the document, but for subgraphs. */
function nameOf(doc: Doc, { title, type }: DocNode): string {
  if (title !== undefined) return title;
  if (type === INPUTS_TYPE) return graph.inputs;
  if (type === OUTPUTS_TYPE) return graph.outputs;
  const name = definitionOf(doc, type)?.["name"];
  return typeof name === "string" && name !== "" ? name : type;
}

/** Where its sockets are is only told of a node that is new: from then on React Flow, which measures, knows better. */
export function withoutHandles<N extends FlowNode>(node: N): N {
  const { handles: _, ...rest } = node;
  return rest as N;
}

function zOf(selected: boolean): number {
  return selected ? SELECTED_Z : NODE_Z;
}

function flowGroup(group: DocGroup, selected: boolean, before: FlowNode | undefined): FlowNode {
  const old = before?.type === "group" ? before : undefined;
  if (old?.data.of === group) return old.selected === selected ? old : { ...old, selected };
  const [x, y, width, height] = group.bounding;
  return {
    id: groupFlowId(group.id),
    type: "group",
    ariaLabel: t.groupNamed(group.title),
    data: { id: group.id, of: group },
    position: { x, y },
    width,
    height,
    measured: { width, height },
    dragHandle: ".group-title",
    connectable: false,
    selected,
    zIndex: GROUP_Z,
  };
}

/** Links of which an end is missing in the document are left out: there is nothing to draw them to. */
export function deriveEdges(doc: Doc, previous: readonly FlowEdge[]): FlowEdge[] {
  const before = new Map(previous.map((edge) => [edge.id, edge]));
  return Object.values(doc.links).flatMap((link) => {
    const from = doc.nodes[link.from];
    const to = doc.nodes[link.to];
    if (!from?.outputs[link.fromSlot] || !to?.inputs[link.toSlot]) return [];
    return [flowEdge(doc, link, from, to, before.get(String(link.id)))];
  });
}

function flowEdge(doc: Doc, link: DocLink, from: DocNode, to: DocNode, old: FlowEdge | undefined): FlowEdge {
  const targetHandle = inputHandleId(to.inputs[link.toSlot], link.toSlot);
  const dimmed = from.mode !== 0 || to.mode !== 0;
  const ariaLabel = t.wire(
    `${nameOf(doc, from)} ${from.outputs[link.fromSlot]?.name ?? ""}`,
    `${nameOf(doc, to)} ${to.inputs[link.toSlot]?.name ?? ""}`,
  );
  const isSame = old?.data?.of === link && old.targetHandle === targetHandle && old.data.dimmed === dimmed;
  if (isSame && old.ariaLabel === ariaLabel) return old;
  return {
    id: String(link.id),
    type: "link",
    ariaLabel,
    source: link.from,
    sourceHandle: handleId("out", link.fromSlot),
    target: link.to,
    targetHandle,
    data: { of: link, dimmed },
    ...(old?.selected ? { selected: true } : {}),
  };
}
