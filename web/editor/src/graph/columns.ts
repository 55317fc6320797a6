import type { NodeId } from "./types";

type Pair = readonly [number, number];

/** Pixels between columns, and between the nodes of a column; the title bar lies in the gap. */
const GAP_X = 60;
const GAP_Y = 50;

/** Where nodes go if nothing is known: in columns, each right of what feeds it. By id: the sizes, and who feeds whom. */
export function columns(
  sizes: ReadonlyMap<NodeId, Pair>,
  sources: ReadonlyMap<NodeId, readonly NodeId[]>,
): Map<NodeId, [number, number]> {
  const lines: NodeId[][] = [];
  for (const [id, column] of depths(sizes, sources)) (lines[column] ??= []).push(id);
  const places = new Map<NodeId, [number, number]>();
  let x = 0;
  for (const line of lines.filter((each) => each !== undefined)) {
    let y = 0;
    for (const id of line) {
      places.set(id, [x, y]);
      y += sizes.get(id)![1] + GAP_Y;
    }
    x += Math.max(...line.map((id) => sizes.get(id)![0])) + GAP_X;
  }
  return places;
}

/** One column after the last source. A wire that closes a circle counts for nothing. */
function depths(
  sizes: ReadonlyMap<NodeId, Pair>,
  sources: ReadonlyMap<NodeId, readonly NodeId[]>,
): Map<NodeId, number> {
  const found = new Map<NodeId, number>();
  const open = new Set<NodeId>();
  const depth = (id: NodeId): number => {
    if (found.has(id) || open.has(id)) return found.get(id) ?? -1;
    open.add(id);
    const before = (sources.get(id) ?? []).filter((source) => sizes.has(source)).map(depth);
    found.set(id, 1 + Math.max(-1, ...before));
    return found.get(id)!;
  };
  for (const id of sizes.keys()) depth(id);
  return found;
}
