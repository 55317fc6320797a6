import { cornerOf } from "../canvas/geometry";
import { sizeOf } from "../canvas/places";
import type { NodeName } from "../api/comparing";
import type { Doc, Specs } from "../graph/types";
import { nodeAt } from "../graph/within";
import { nameOf } from "./sentences";

/** A node that only the other workflow has, to be drawn where it lay there. */
export interface Ghost {
  /** What the other workflow calls it. */
  readonly id: string;
  /** The level it is drawn in, as ids there begin: `5:`. */
  readonly level: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const SIZE = { width: 240, height: 80 };
const GAP = 40;

/** `other` is null if it does not say where its nodes lie: they then stand in a column left of `shown`. */
export function ghostsOf(only: readonly NodeName[], other: Doc | null, shown: Doc, specs: Specs): Ghost[] {
  return only.flatMap((node, row): Ghost[] => {
    const id = node.a!;
    const about = { id, name: nameOf(node, specs) };
    if (other === null) return [{ ...about, level: "", ...placeBeside(shown, row) }];
    const there = nodeAt(other, id);
    const level = id.slice(0, id.lastIndexOf(":") + 1);
    return there ? [{ ...about, level, ...cornerOf(there), ...sizeOf(there) }] : [];
  });
}

function placeBeside(shown: Doc, row: number) {
  const corners = Object.values(shown.nodes).map(cornerOf);
  const left = corners.length > 0 ? Math.min(...corners.map(({ x }) => x)) : 0;
  const top = corners.length > 0 ? Math.min(...corners.map(({ y }) => y)) : 0;
  return { x: left - GAP - SIZE.width, y: top + row * (SIZE.height + GAP), ...SIZE };
}
