import { INPUTS_TYPE, OUTPUTS_TYPE } from "./border";
import { inputsOf } from "./inputs";
import { graph as t } from "./strings";
import type { Doc, NodeId, NodeSpec, Specs } from "./types";
import { PRIMITIVE } from "./virtual";

/** Whether an output may be wired to an input: the types are equal, share a member, or one takes anything. */
export function fits(outType: string, inType: string): boolean {
  const [out, into] = [members(outType), members(inType)];
  return isAny(out) || isAny(into) || out.some((each) => into.includes(each));
}

function members(type: string): string[] {
  return type
    .toUpperCase()
    .split(",")
    .map((each) => each.trim());
}

function isAny(types: readonly string[]): boolean {
  return types.some((each) => each === "*" || each === "");
}

/** Why an output cannot be wired to an input (its slot, or the name of a widget); null if it can. */
export function whyNot(
  doc: Doc,
  specs: Specs,
  from: NodeId,
  fromSlot: number,
  to: NodeId,
  into: number | string,
): string | null {
  if (!doc.nodes[from] || !doc.nodes[to]) return t.nodeGone;
  if (from === to) return t.itself;
  const given = outputType(doc, from, fromSlot);
  const taken = inputType(doc, specs, to, into);
  if (given === undefined || taken === undefined) return t.noSocket;
  if (!fits(given, taken)) return t.misfit(given, taken);
  if (doc.nodes[from].type === PRIMITIVE && !isWidget(doc, to, into)) return t.widgetsOnly;
  return reaches(doc, to, from) ? t.circle : null;
}

function isWidget(doc: Doc, id: NodeId, into: number | string): boolean {
  return typeof into === "string" || doc.nodes[id]?.inputs[into]?.widget !== undefined;
}

/** The type of an output; that of a reroute is what runs through it, and a primitive without a wire may become any. */
export function outputType(doc: Doc, id: NodeId, slot: number): string | undefined {
  const seen = new Set<NodeId>();
  for (let [at, of] = [id, slot]; ;) {
    const node = doc.nodes[at];
    const through = node?.type === "Reroute" && !seen.has(at) ? incoming(doc, at)[0] : undefined;
    if (node?.type === PRIMITIVE && outgoing(doc, at).length === 0) return "*";
    if (node?.type === INPUTS_TYPE && of === node.outputs.length) return "*"; // a new input of the subgraph
    if (!through) return node?.outputs[of]?.type;
    seen.add(at);
    [at, of] = [through.from, through.fromSlot];
  }
}

/** The type of an input, by slot or by the name of its widget; that of a reroute is what it leads to. */
export function inputType(doc: Doc, specs: Specs, id: NodeId, into: number | string): string | undefined {
  const node = doc.nodes[id];
  if (node?.type === "Reroute") return takenBehind(doc, id);
  if (node?.type === OUTPUTS_TYPE && into === node.inputs.length) return "*"; // a new output of the subgraph
  if (typeof into === "number") return node?.inputs[into]?.type;
  const spec = node && specs[node.type];
  const declared = spec && inputsOf(spec).find((input) => input.name === into);
  return declared?.type ?? node?.inputs.find((input) => (input.widget ?? input.name) === into)?.type;
}

/** The first definite type among the inputs that a reroute leads to, through others if there are any. */
function takenBehind(doc: Doc, reroute: NodeId): string {
  const seen = new Set([reroute]);
  for (const at of seen) {
    for (const link of outgoing(doc, at)) {
      const target = doc.nodes[link.to];
      const type = target?.inputs[link.toSlot]?.type ?? "*";
      if (target?.type === "Reroute") seen.add(link.to);
      else if (type !== "*") return type;
    }
  }
  return "*";
}

/** Whether what `from` makes gets to `to`. */
export function reaches(doc: Doc, from: NodeId, to: NodeId): boolean {
  const { below, above } = endsOf(doc);
  // While a wire is drawn all sockets ask, and one end is the same for all: that end's answer serves them.
  if (!below.has(from) && !above.has(to)) {
    below.set(
      from,
      reached(from, (id) => outgoing(doc, id).map((link) => link.to)),
    );
    above.set(
      to,
      reached(to, (id) => incoming(doc, id).map((link) => link.from)),
    );
  }
  return below.get(from)?.has(to) ?? above.get(to)!.has(from);
}

function reached(start: NodeId, next: (id: NodeId) => readonly NodeId[]): ReadonlySet<NodeId> {
  const seen = new Set([start]);
  for (const id of seen) next(id).forEach((each) => seen.add(each)); // what is added is visited too
  return seen;
}

type Link = Doc["links"][number];

interface Ends {
  readonly into: ReadonlyMap<NodeId, readonly Link[]>;
  readonly out: ReadonlyMap<NodeId, readonly Link[]>;
  /** What some nodes reach, and what reaches some nodes; filled when asked for. */
  readonly below: Map<NodeId, ReadonlySet<NodeId>>;
  readonly above: Map<NodeId, ReadonlySet<NodeId>>;
}

const ends = new WeakMap<Doc["links"], Ends>();
const NO_LINKS: readonly Link[] = [];

/** The links that end at a node. */
export function incoming(doc: Doc, id: NodeId): readonly Link[] {
  return endsOf(doc).into.get(id) ?? NO_LINKS;
}

/** The links that begin at a node. */
export function outgoing(doc: Doc, id: NodeId): readonly Link[] {
  return endsOf(doc).out.get(id) ?? NO_LINKS;
}

/** The input slots of a node that have a link. */
export function linkedInputs(doc: Doc, id: NodeId): ReadonlySet<number> {
  return new Set(incoming(doc, id).map((link) => link.toSlot));
}

/** All nodes ask for theirs, so they are sorted once for each set of links. */
function endsOf(doc: Doc): Ends {
  const known = ends.get(doc.links);
  if (known) return known;
  const made = {
    into: new Map<NodeId, Link[]>(),
    out: new Map<NodeId, Link[]>(),
    below: new Map<NodeId, ReadonlySet<NodeId>>(),
    above: new Map<NodeId, ReadonlySet<NodeId>>(),
  };
  for (const link of Object.values(doc.links)) {
    grown(made.into, link.to).push(link);
    grown(made.out, link.from).push(link);
  }
  ends.set(doc.links, made);
  return made;
}

function grown(lists: Map<NodeId, Link[]>, id: NodeId): Link[] {
  const list = lists.get(id) ?? [];
  lists.set(id, list);
  return list;
}

/**
 * The node types that can take up a wire. `side` is the side of the socket that the wire was drawn from: from an `out`,
 * what has a fitting input; from an `in`, what has a fitting output. Those that name the type come first.
 */
export function candidates(specs: Specs, type: string, side: "in" | "out"): NodeSpec[] {
  const sockets = (spec: NodeSpec) => (side === "out" ? takenBy(spec) : spec.output);
  const fit = (socket: string) => (side === "out" ? fits(type, String(socket)) : fits(String(socket), type));
  const found = Object.values(specs).filter((spec) => sockets(spec).some(fit));
  const exact = (spec: NodeSpec) => Number(sockets(spec).includes(type));
  return found.sort((a, b) => exact(b) - exact(a) || a.display_name.localeCompare(b.display_name));
}

function takenBy(spec: NodeSpec): string[] {
  return inputsOf(spec).flatMap(({ type, options }) => (options["socketless"] ? [] : [type]));
}
