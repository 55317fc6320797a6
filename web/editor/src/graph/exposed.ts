import { ownOf, setOwn } from "./own";
import { isFields } from "./same";
import type { Doc, DocNode, NodeId, Op } from "./types";
import { placesIn } from "./within";

/** What the form of a workflow, and `/v1/jobs`, call inputs and outputs: kept at their nodes. */

/** What a node gives to the form: its inputs by their public names, and its output. */
export interface Exposed {
  readonly inputs: Readonly<Record<string, string>>;
  readonly output: string | null;
}

export function exposedOf(node: DocNode): Exposed {
  const { inputs, output } = ownOf(node);
  const named = isFields(inputs) ? Object.entries(inputs) : [];
  return {
    inputs: Object.fromEntries(named.filter((entry): entry is [string, string] => typeof entry[1] === "string")),
    output: typeof output === "string" ? output : null,
  };
}

/** Gives an input to the form under a name; takes it away again without one. */
export function exposeInput(doc: Doc, id: NodeId, input: string, name: string | null): Op[] {
  const node = doc.nodes[id];
  if (!node) return [];
  const { [input]: _, ...others } = exposedOf(node).inputs;
  const inputs = name === null ? others : { ...exposedOf(node).inputs, [input]: name };
  return setOwn(doc, node, { inputs: Object.keys(inputs).length > 0 ? inputs : undefined });
}

/** The same of what a node shows. */
export function exposeOutput(doc: Doc, id: NodeId, name: string | null): Op[] {
  const node = doc.nodes[id];
  return node ? setOwn(doc, node, { output: name ?? undefined }) : [];
}

/** The names that inputs, or outputs, of the whole workflow have, inside of subgraphs too: no two may be the same. */
export function publicNames(doc: Doc, side: "inputs" | "outputs"): string[] {
  const nodes = placesIn(doc).flatMap(({ doc: level }) => Object.values(level.nodes));
  return nodes.flatMap((node) => {
    const { inputs, output } = exposedOf(node);
    return side === "inputs" ? Object.values(inputs) : (output ?? []);
  });
}
