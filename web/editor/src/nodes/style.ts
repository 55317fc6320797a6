import type { CSSProperties } from "react";
import { isCollapsed, TITLE_HEIGHT } from "../canvas/geometry";
import type { DocNode } from "../graph/types";

/** Geometry, and the node's own colours. Colours of files are made for a dark ground: the theme mixes them with its own. */
export function styleOf(node: DocNode, heat: number | null): CSSProperties {
  return {
    ...(isCollapsed(node) ? {} : { "--node-height": `${node.size[1] + TITLE_HEIGHT}px` }),
    ...(node.color ? { "--node-color": node.color } : {}),
    ...(node.bgcolor ? { "--node-ground": node.bgcolor } : {}),
    ...(heat === null ? {} : { "--heat": heat }),
  } as CSSProperties;
}
