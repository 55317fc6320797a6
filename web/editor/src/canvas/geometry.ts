import type { DocNode } from "../graph/types";

/**
 * In files a node's position is the corner below its title, and its size is without the title. On the canvas a node is
 * drawn with the title, so it begins this much higher (pixels at zoom 1). A node's header is this high.
 */
export const TITLE_HEIGHT = 30;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A reroute has no title. */
export function titleHeight(type: string): number {
  return type === "Reroute" ? 0 : TITLE_HEIGHT;
}

/** Where a node's drawn corner lies. */
export function cornerOf({ pos: [x, y], type }: DocNode): Point {
  return { x, y: y - titleHeight(type) };
}

/** The position, for the document, of a node of this type whose drawn corner lies here: in whole pixels. */
export function posAt({ x, y }: Point, type = ""): [number, number] {
  return [Math.round(x), Math.round(y) + titleHeight(type)];
}

export function isCollapsed(node: DocNode): boolean {
  return node.flags["collapsed"] === true;
}

export function isPinned(node: DocNode): boolean {
  return node.flags["pinned"] === true;
}
