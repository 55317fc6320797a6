import { axesOf, MOST_AXES } from "./axes";
import { publicNames } from "./exposed";
import { ownIn, withOwn } from "./own";
import { type Fields, isFields } from "./same";
import type { Doc } from "./types";

/**
 * The marks that nodes may bring into a document, one node after the other: names that nothing in its form has, and no more
 * axes than a sweep has room for. A copy of a node would else make a form, or a sweep, that is refused.
 */
export function pastedMarks(doc: Doc): (properties: Fields) => Fields {
  const [inputs, outputs] = [new Set(publicNames(doc, "inputs")), new Set(publicNames(doc, "outputs"))];
  let room = MOST_AXES - axesOf(doc).length;

  return (properties) => {
    const own = ownIn(properties);
    const names = entriesOf(own["inputs"]).filter(([, name]) => isNew(inputs, name));
    const axes = entriesOf(own["axes"]).slice(0, Math.max(0, room));
    room -= axes.length;
    return withOwn(properties, {
      ...own,
      inputs: names.length > 0 ? Object.fromEntries(names) : undefined,
      axes: axes.length > 0 ? Object.fromEntries(axes) : undefined,
      output: own["output"] !== undefined && isNew(outputs, own["output"]) ? own["output"] : undefined,
    });
  };
}

function entriesOf(of: unknown): [string, unknown][] {
  return Object.entries(isFields(of) ? of : {});
}

function isNew(taken: Set<string>, name: unknown): boolean {
  const isFree = !taken.has(String(name));
  taken.add(String(name));
  return isFree;
}
