import { ownIn, withOwn } from "./own";
import { type Fields, isFields } from "./same";

/** What our own marks at a node say of its inputs: names in forms, what is swept, and what is private. */

/** A node's properties with its marks under the names that its inputs have now; null for one that is gone. */
export function renamedMarks(properties: Fields, nameNow: (name: string) => string | null): Fields {
  const { inputs, axes, private: hidden, ...rest } = ownIn(properties);
  const private_ = (Array.isArray(hidden) ? hidden : []).flatMap((name) => nameNow(String(name)) ?? []);
  return withOwn(properties, {
    ...rest,
    inputs: renamed(inputs, nameNow),
    axes: renamed(axes, nameNow),
    private: private_.length > 0 ? private_ : undefined,
  });
}

function renamed(of: unknown, nameNow: (name: string) => string | null): Fields | undefined {
  const entries = Object.entries(isFields(of) ? of : {}).flatMap(([name, said]): [string, unknown][] => {
    const now = nameNow(name);
    return now === null ? [] : [[now, said]];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
