import type { DocNode, NodeId } from "./types";

/** The two nodes by which the inside of a subgraph shows what comes in and goes out, numbered as files number them. */
export const INPUTS: NodeId = "-10";
export const OUTPUTS: NodeId = "-20";
/** Their types; no server has them. */
export const INPUTS_TYPE = "subgraph/inputs";
export const OUTPUTS_TYPE = "subgraph/outputs";

export function isBorder({ type }: Pick<DocNode, "type">): boolean {
  return type === INPUTS_TYPE || type === OUTPUTS_TYPE;
}
