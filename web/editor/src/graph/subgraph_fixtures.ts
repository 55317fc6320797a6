import { INPUTS } from "./border";
import { copied } from "./clipboard";
import { definitionsOf } from "./definitions";
import { connect, connectWidget, moveNodes, paste, removeNodes, setNode, setValue, addNode, addGroup } from "./edits";
import { SPECS } from "./fixtures";
import { makeSubgraph } from "./make_subgraph";
import { applyAll, emptyDoc } from "./ops";
import { addPort, movePort, portsOf, removePort, renamePort } from "./ports";
import { demote, portFor, promote } from "./promote";
import { specOf } from "./subgraphs";
import type { Doc, NodeId, Op } from "./types";
import { makeUnique, unpack } from "./unpack";
import { lifted, placeAt } from "./within";

/** What the tests of subgraphs share. */

/** Ids in order, so that a failure can be seen again. */
export function numbered(): () => string {
  let last = 0;
  return () => `00000000-0000-4000-8000-${String(++last).padStart(12, "0")}`;
}

/** Loader 1, encode 2, empty 3, sampler 4, decode 5, save 6, wired. */
export function textToImage(): Doc {
  let doc = emptyDoc();
  for (const name of ["Loader", "Encode", "Empty", "Sampler", "Decode", "Save"]) {
    doc = applyAll(doc, addNode(doc, SPECS[name]!, [300 * doc.order.length, 0]).ops);
  }
  const wires = [["1", 1, "2", 0], ["1", 0, "4", 0], ["2", 0, "4", 1], ["3", 0, "4", 2], ["4", 0, "5", 0], ["1", 2, "5", 1], ["5", 0, "6", 0]] as const; // prettier-ignore
  for (const [from, out, to, into] of wires) doc = applyAll(doc, connect(doc, from, out, to, into));
  return doc;
}

/** Does something where entering these nodes leads. */
export function within(doc: Doc, path: readonly NodeId[], edit: (level: Doc) => readonly Op[]): Doc {
  return applyAll(doc, liftedAt(doc, path, edit));
}

export function liftedAt(doc: Doc, path: readonly NodeId[], edit: (level: Doc) => readonly Op[]): Op[] {
  const place = placeAt(doc, path);
  return lifted(doc, place.subgraph, edit(place.doc), SPECS);
}

/** The nodes that stand for a subgraph, at one level. */
export function instancesIn(level: Doc): NodeId[] {
  const ids = new Set(definitionsOf(level).map((each) => each["id"]));
  return level.order.filter((id) => ids.has(level.nodes[id]!.type));
}

export type Move = readonly [number, number, number, number];

/** An edit by chance, at a level by chance: as the changes of the whole document. */
export function moved(doc: Doc, [what, a, b, c]: Move, newId: () => string): readonly Op[] {
  const path: NodeId[] = [];
  for (let turn = a; turn % 3 !== 0; turn = Math.floor(turn / 3)) {
    const inside = instancesIn(placeAt(doc, path).doc);
    if (inside.length === 0) break;
    path.push(inside[turn % inside.length]!);
  }
  return liftedAt(doc, path, (level) => editOf(level, [what, a, b, c], newId));
}

function editOf(level: Doc, [what, a, b, c]: Move, newId: () => string): readonly Op[] {
  const ids = level.order.length > 0 ? level.order : ["1"];
  const id = (at: number) => ids[at % ids.length]!;
  const instances = instancesIn(level);
  const one = instances[b % Math.max(1, instances.length)] ?? "";
  const side = c % 2 === 0 ? "inputs" : "outputs";
  const node = level.nodes[id(b)];
  const spec = node && specOf(level, node, SPECS);
  const widget = ["seed", "steps", "text", "width"][c % 4]!;
  const types = Object.values(SPECS);
  const edits: readonly (() => readonly Op[])[] = [
    () => addNode(level, types[b % types.length]!, [a, c]).ops,
    () => removeNodes(level, [id(b)], { heal: c % 2 === 0 }),
    () => connect(level, id(a), c % 3, id(b), c % 4),
    () => connectWidget(level, id(a), 0, id(b), widget, spec),
    () => moveNodes(level, new Map([[id(b), [a, c]]])),
    () => setNode(level, id(b), { title: `t${c}`, mode: [0, 2, 4][c % 3]! }),
    () => (Array.isArray(node?.values) && node.values.length > 0 ? setValue(level, id(b), 0, c) : []),
    () => paste(level, copied(level, [id(a), id(b)]), [a, c]).ops,
    () => addGroup(level, "g", [a, b, 100, 100]).ops,
    () => makeSubgraph(level, { nodes: [id(a), id(b), id(c)], name: `s${c}`, newId }, SPECS)?.ops ?? [],
    () => makeSubgraph(level, { nodes: [id(b)], name: `s${c}`, newId }, SPECS)?.ops ?? [],
    () => unpack(level, one, SPECS)?.ops ?? [],
    () => makeUnique(level, one, newId),
    () => (spec ? promote(level, id(b), widget, spec, newId()) : []),
    () => demote(level, id(b), widget),
    () => (INPUTS in level.nodes ? addPort(level, side, { id: newId(), name: `p${c}`, type: "IMAGE" }) : []),
    () => renamePort(level, side, b % 4, `r${c}`),
    () => movePort(level, side, b % 4, c % 4),
    () => removePort(level, side, b % 4),
    () => {
      const fromSlot = portsOf(level, "inputs").length;
      const ops = portFor(level, SPECS, { from: INPUTS, fromSlot, to: id(b), into: 0 }, newId());
      return [...ops, ...connect(applyAll(level, ops), INPUTS, fromSlot, id(b), 0)];
    },
  ];
  return edits[what % edits.length]!();
}
