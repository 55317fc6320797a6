import { create } from "zustand";
import { addNode, insertOnLink } from "../graph/edits";
import { applyAll } from "../graph/ops";
import type { DocLink, NodeSpec } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { firstFitting } from "./fitting";
import { useFlow } from "./flow";
import { type Point, posAt } from "./geometry";
import { titleOf } from "./search";
import { t } from "./strings";
import { joinOps, type Wire } from "./wire";

export const NEW_NODE_WIDTH = 270;

/** What a node that is added belongs to: a wire that was dropped, or a link that it is put into. */
export interface Purpose {
  readonly wire?: Wire;
  readonly link?: DocLink;
}

/** The search for a node to add, if it is open: where on the screen, and what for. */
export interface AddNodeState {
  readonly open: (Purpose & { readonly at: Point }) | null;
}

export const useAddNode = create<AddNodeState>()(() => ({ open: null }));

export function openAddNode(at: Point, purpose: Purpose = {}): void {
  useAddNode.setState({ open: { at, ...purpose } });
}

export function closeAddNode(): void {
  useAddNode.setState({ open: null });
}

/** Add a node, and join it to what it was asked for, in one step. `at`: where its corner is to be, on the canvas. */
export function addFor(spec: NodeSpec, at: Point, { wire, link }: Purpose = {}): string {
  const { specs } = useSpecs.getState();
  const doc = activeDoc(useWorkspace.getState());
  const left = wire && wire.from.handle.side !== "out" ? at.x - NEW_NODE_WIDTH : at.x; // what feeds stands before
  const { ops, id } = addNode(doc, spec, posAt({ x: left, y: at.y }, spec.name));
  const added = applyAll(doc, ops);
  const end = wire && firstFitting(added, specs, wire.from, id);
  const joins = end ? joinOps(added, specs, wire.from, end) : link ? insertOnLink(added, link.id, id, specs) : [];
  const { edit, select } = useWorkspace.getState();
  edit(t.add(titleOf(spec)), [...ops, ...joins]);
  select([id]);
  return id;
}

/** The middle of what is seen, on the canvas. */
export function middleOfView(): Point {
  const { instance } = useFlow.getState();
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  if (!instance || !box) return { x: 0, y: 0 };
  return instance.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
}
