import { search, titleOf } from "../canvas/search";
import type { NodeSpec, Specs } from "../graph/types";
import { groupBy } from "./group";

/** A category of the node palette: what lies in it, in the order of the alphabet. */
export interface Category {
  /** The last part of the path. */
  readonly name: string;
  readonly path: string;
  readonly categories: readonly Category[];
  readonly nodes: readonly NodeSpec[];
}

/** Node types by their `category` (`sampling/custom`); those without one come under `other`. */
export function categoriesOf(specs: Specs, other: string): readonly Category[] {
  return level(Object.values(specs).filter(isOffered), "", other);
}

/** The node types that are offered and that a query means, the best first. */
export function searchNodes(specs: Specs, query: string): readonly NodeSpec[] {
  return search(Object.values(specs).filter(isOffered), query);
}

function isOffered(spec: NodeSpec): boolean {
  return !spec.deprecated && !spec.dev_only;
}

function level(specs: readonly NodeSpec[], path: string, other: string): readonly Category[] {
  const below = groupBy(specs, (spec) => part(spec, path) ?? other);
  return [...below]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, members]) => {
      const here = path ? `${path}/${name}` : name;
      const [nodes, deeper] = split(members, (spec) => !spec.category || spec.category === here);
      return {
        name,
        path: here,
        categories: deeper.length > 0 ? level(deeper, here, other) : [],
        nodes: nodes.sort((a, b) => titleOf(a).localeCompare(titleOf(b))),
      };
    });
}

/** The part of a node's category that follows the path. */
function part(spec: NodeSpec, path: string): string | undefined {
  const rest = path ? spec.category.slice(path.length + 1) : spec.category;
  return rest.split("/")[0] || undefined;
}

function split<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}
