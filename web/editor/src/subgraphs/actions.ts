import { newUuid } from "../api/ids";
import { ask } from "../files/ask";
import { definitionOf, definitionsOf, redefine, undefine, usesOf } from "../graph/definitions";
import { makeSubgraph, whyNotTogether } from "../graph/make_subgraph";
import { applyAll } from "../graph/ops";
import type { NodeId, Op } from "../graph/types";
import { makeUnique, unpack } from "../graph/unpack";
import { lifted, placeAt } from "../graph/within";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeDoc, activeTab, placeOf, useWorkspace } from "../store/workspace";
import { canEnter } from "./entering";
import { t } from "./strings";

/** What can be done with subgraphs: each is one step to undo. */

const specsNow = () => useSpecs.getState().specs;

/** The selected node, if it is the only one and stands for a subgraph. */
export function selectedSubgraph(): NodeId | null {
  const { nodes, groups } = useWorkspace.getState().selection;
  const [id, ...others] = nodes;
  return id !== undefined && others.length + groups.length === 0 && canEnter(id) ? id : null;
}

/** Makes the selected nodes a subgraph. */
export function make(): void {
  const { selection, edit, select } = useWorkspace.getState();
  const doc = activeDoc(useWorkspace.getState());
  const reason = whyNotTogether(doc, selection.nodes);
  if (reason !== null) {
    toast(reason);
    return;
  }
  const making = { nodes: selection.nodes, groups: selection.groups, name: freeName(), newId: newUuid };
  const made = makeSubgraph(doc, making, specsNow());
  if (!made) return;
  edit(t.make, made.ops);
  select([made.id]);
}

function freeName(): string {
  const taken = new Set(definitionsOf(activeDoc(useWorkspace.getState())).map(({ name }) => name));
  for (let number = 1; ; number++) if (!taken.has(t.newName(number))) return t.newName(number);
}

/** Takes the selected node apart; the subgraph goes with the last node that stands for it. */
export function unpackSelected(): void {
  const id = selectedSubgraph();
  const workspace = useWorkspace.getState();
  const tab = activeTab(workspace);
  const { doc, subgraph } = placeOf(tab);
  const open = id === null ? null : unpack(doc, id, specsNow());
  if (id === null || !open) return;
  const type = doc.nodes[id]!.type;
  const ops: Op[] = lifted(tab.doc, subgraph, open.ops, specsNow());
  const after = applyAll(tab.doc, ops);
  workspace.editWhole(t.unpack, [...ops, ...(usesOf(after, type) === 0 ? undefine(after, type) : [])]);
  workspace.select(open.ids);
}

/** The number of nodes that are changed with one that stands for a subgraph. */
export function usesOfNode(id: NodeId): number {
  const tab = activeTab(useWorkspace.getState());
  return usesOf(tab.doc, placeOf(tab).doc.nodes[id]?.type ?? "");
}

/** Gives the selected node a subgraph of its own. */
export function makeSelectedUnique(): void {
  const id = selectedSubgraph();
  if (id !== null) useWorkspace.getState().edit(t.unique, makeUnique(activeDoc(useWorkspace.getState()), id, newUuid));
}

/** The same of the node whose inside is shown, which stays so. */
export function makeEnteredUnique(): void {
  const workspace = useWorkspace.getState();
  const tab = activeTab(workspace);
  const { path } = placeOf(tab);
  const around = placeAt(tab.doc, path.slice(0, -1));
  const ops = makeUnique(around.doc, path.at(-1) ?? "", newUuid);
  workspace.editWhole(t.unique, lifted(tab.doc, around.subgraph, ops, specsNow()));
}

/** Asks for another name of a subgraph: the one that is entered, or that of the selected node. */
export async function rename(): Promise<void> {
  const selected = selectedSubgraph();
  const { doc, subgraph } = placeOf(activeTab(useWorkspace.getState()));
  const id = selected === null ? subgraph : doc.nodes[selected]!.type;
  const definition = id === null ? undefined : definitionOf(doc, id);
  if (id === null || !definition) return;
  const name = await askName(t.rename, String(definition["name"] ?? ""), t.rename);
  if (name !== null) {
    const workspace = useWorkspace.getState();
    workspace.editWhole(t.rename, redefine(activeTab(workspace).doc, id, { name }));
  }
}

/** Asks for the name of a subgraph; null if the user would not say. */
export async function askName(title: string, value: string, yes: string): Promise<string | null> {
  const refuse = (name: string) => (name.trim() === "" ? t.noName : null);
  const field = { label: t.renameTo, hint: t.nameHint, value, refuse };
  return (await ask({ title, field, answers: [{ id: "yes", label: yes }] }))?.value.trim() ?? null;
}
