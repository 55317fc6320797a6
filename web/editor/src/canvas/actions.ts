import { addable } from "../graph/virtual";
import { useSpecs } from "../store/specs";
import { addFor, middleOfView, NEW_NODE_WIDTH } from "./adding";
import { useFlow } from "./flow";
import type { Point } from "./geometry";
import { motion } from "./motion";
import { useIsWhole, WHOLE } from "./viewports";

export * from "./arranging";
export * from "./groups";
export * from "./selection";

/** What others make the canvas do. */

const NEW_NODE_HEIGHT = 120;

/** Add a node of a type, in the middle of the view if it is not said where; null if the server has no such type. */
export function addAt(type: string, at?: Point): string | null {
  const spec = addable(useSpecs.getState().specs)[type];
  if (!spec) return null;
  const middle = middleOfView();
  return addFor(spec, at ?? { x: middle.x - NEW_NODE_WIDTH / 2, y: middle.y - NEW_NODE_HEIGHT / 2 });
}

/** Show the whole workflow, or the given nodes. */
export function fit(ids?: readonly string[]): void {
  const { instance } = useFlow.getState();
  useIsWhole.setState({ isWhole: !ids || ids.length === 0 });
  void instance?.fitView({
    ...WHOLE,
    ...motion(),
    ...(ids && ids.length > 0 ? { nodes: ids.map((id) => ({ id })) } : {}),
  });
}

/** Bring a node into the middle of the view, as large as it is. */
export function centerOn(id: string): void {
  const { instance } = useFlow.getState();
  const node = instance?.getInternalNode(id);
  if (!instance || !node) return;
  const { x, y } = node.internals.positionAbsolute;
  const { width = NEW_NODE_WIDTH, height = NEW_NODE_HEIGHT } = node.measured;
  centerAt({ x: x + width / 2, y: y + height / 2 });
}

/** Bring a place of the workflow into the middle of the view, as large as it is. */
export function centerAt({ x, y }: Point): void {
  const { instance } = useFlow.getState();
  void instance?.setCenter(x, y, { zoom: Math.max(1, instance.getZoom()), ...motion() });
  useIsWhole.setState({ isWhole: false });
}

export function zoomIn(): void {
  useIsWhole.setState({ isWhole: false });
  void useFlow.getState().instance?.zoomIn(motion());
}

export function zoomOut(): void {
  useIsWhole.setState({ isWhole: false });
  void useFlow.getState().instance?.zoomOut(motion());
}
