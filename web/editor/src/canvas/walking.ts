import { alongWires, type Box, type Direction, nearestIn } from "../graph/neighbours";
import { type Command } from "../shell/commands";
import { pressed } from "../shell/keys";
import type { DocNode, NodeId } from "../graph/types";
import { useWorkspace } from "../store/workspace";
import { centerOn } from "./actions";
import { middleOfView } from "./adding";
import { focusNode } from "./focus";
import { useFlow } from "./flow";
import { cornerOf } from "./geometry";
import { sizeOf } from "./places";
import { currentDoc } from "./selection";
import { t } from "./strings";

/** Going from node to node by keys: to the nearest one in a direction, or along the wires. */

/** Where a wire was last gone along: several lead on from there, which Up and Down go through. */
let ways: readonly NodeId[] = [];

function command(keys: string, title: string, run: () => void): Command & { readonly keys: string } {
  return { id: `canvas.walk.${keys}`, group: "walk", title, keys, hidden: true, run };
}

export const WALKS = [
  command("Ctrl+ArrowLeft", t.walk.left, () => walk("left")),
  command("Ctrl+ArrowRight", t.walk.right, () => walk("right")),
  command("Ctrl+ArrowUp", t.walk.up, () => walk("up")),
  command("Ctrl+ArrowDown", t.walk.down, () => walk("down")),
  command("Ctrl+Shift+ArrowLeft", t.walk.source, () => follow("sources")),
  command("Ctrl+Shift+ArrowRight", t.walk.target, () => follow("targets")),
  command("Ctrl+Shift+ArrowUp", t.walk.previousWay, () => otherWay(-1)),
  command("Ctrl+Shift+ArrowDown", t.walk.nextWay, () => otherWay(1)),
];

/** Whether the key was one of these: it is done here before React Flow, which would move the selected nodes by it. */
export function walkByKey(event: KeyboardEvent): boolean {
  if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable=true]"))
    return false;
  const walks = WALKS.find(({ keys }) => pressed(event, keys));
  walks?.run();
  return walks !== undefined;
}

function walk(direction: Direction): void {
  const here = current();
  const boxes = Object.values(currentDoc().nodes).map(boxOf);
  const from = here ? boxOf(here) : { id: "", ...middleOfView(), width: 0, height: 0 };
  const next = nearestIn(boxes, from, direction) ?? (here ? null : nearestOf(boxes, from));
  if (next !== null) go(next);
}

/** Where nothing lies in the direction from the middle of the view, and no node is the current one. */
function nearestOf(boxes: readonly Box[], { x, y }: Box): NodeId | null {
  return boxes.toSorted((a, b) => Math.hypot(a.x - x, a.y - y) - Math.hypot(b.x - x, b.y - y))[0]?.id ?? null;
}

function follow(side: "sources" | "targets"): void {
  const here = current();
  if (!here) return;
  const found = alongWires(currentDoc(), here.id, side);
  if (found.length === 0) return;
  ways = found;
  go(found[0]!);
}

function otherWay(by: 1 | -1): void {
  const at = ways.indexOf(current()?.id ?? "");
  if (at >= 0) go(ways[(at + by + ways.length) % ways.length]!);
}

/** The node with the focus, or else the only one that is selected. */
function current(): DocNode | undefined {
  const { nodes } = currentDoc();
  const focused = document.activeElement?.closest<HTMLElement>(".react-flow__node")?.dataset["id"] ?? "";
  const { selection } = useWorkspace.getState();
  return nodes[focused] ?? (selection.nodes.length === 1 ? nodes[selection.nodes[0]!] : undefined);
}

function boxOf(node: DocNode): Box {
  return { id: node.id, ...cornerOf(node), ...sizeOf(node) };
}

/** Select a node, see to it that it is in view, and give it the focus. */
export function go(id: NodeId): void {
  useWorkspace.getState().select([id]);
  if (!isInView(id)) centerOn(id);
  focusNode(id);
}

function isInView(id: NodeId): boolean {
  const { instance } = useFlow.getState();
  const view = document.querySelector(".canvas")?.getBoundingClientRect();
  const node = currentDoc().nodes[id];
  if (!instance || !view || !node) return true;
  const { x, y, width, height } = boxOf(node);
  const [from, to] = [
    instance.flowToScreenPosition({ x, y }),
    instance.flowToScreenPosition({ x: x + width, y: y + height }),
  ];
  return from.x >= view.left && from.y >= view.top && to.x <= view.right && to.y <= view.bottom;
}
