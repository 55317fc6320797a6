import type { CSSProperties } from "react";
import { isCollapsed, TITLE_HEIGHT } from "../canvas/geometry";
import type { DocNode } from "../graph/types";

/**
 * Geometry, and the node's own colours. Colours of files are made for a dark ground: the theme mixes them with its own.
 * The marks are for style sheets: one that asks what is in `style` has every node looked at whenever the view moves.
 */
export function colored(node: DocNode, heat: number | null) {
  const style = {
    ...(isCollapsed(node) ? {} : { "--node-height": `${node.size[1] + TITLE_HEIGHT}px` }),
    ...(node.color ? { "--node-color": node.color } : {}),
    ...(node.bgcolor ? { "--node-ground": node.bgcolor } : {}),
    ...(heat === null ? {} : { "--heat": heat }),
  } as CSSProperties;
  return {
    style,
    "data-color": node.color ? true : undefined,
    "data-ground": node.bgcolor ? true : undefined,
    "data-heat": heat === null ? undefined : true,
  } as const;
}
