import { ask } from "../files/ask";
import { freeName } from "../files/names";
import { exposedOf, exposeInput, exposeOutput, publicNames } from "../graph/exposed";
import type { Doc, NodeId, Op } from "../graph/types";
import { placesIn } from "../graph/within";
import { toast } from "../shell/toast";
import { activeTab, placeOf, useWorkspace } from "../store/workspace";
import { currentDoc } from "./selection";
import { t } from "./strings";

/** Give an input to the workflow's form, under a name that is asked for; one that is there is taken away. */
export async function toggleInput(id: NodeId, input: string): Promise<void> {
  const isThere = input in (inputsOf(id) ?? {});
  const name = isThere ? null : await askFor(t.form.inputTitle(input), input, publicNames(wholeDoc(), "inputs"));
  if (name !== undefined) edit((doc) => exposeInput(doc, id, input, name));
}

/** The same of what a node shows. */
export async function toggleOutput(id: NodeId): Promise<void> {
  const node = currentDoc().nodes[id];
  const isThere = node !== undefined && exposedOf(node).output !== null;
  const name = isThere ? null : await askFor(t.form.outputTitle, t.form.output, publicNames(wholeDoc(), "outputs"));
  if (name !== undefined) edit((doc) => exposeOutput(doc, id, name));
}

/** Whether what is shown is the inside of a subgraph that is in the workflow more than once. */
function isSeveral(): boolean {
  const { subgraph } = placeOf(activeTab(useWorkspace.getState()));
  return subgraph !== null && placesIn(wholeDoc()).filter((each) => each.subgraph === subgraph).length > 1;
}

function wholeDoc(): Doc {
  return activeTab(useWorkspace.getState()).doc;
}

function inputsOf(id: NodeId) {
  const node = currentDoc().nodes[id];
  return node && exposedOf(node).inputs;
}

/** Undefined if the user would not say, or if one name cannot lead to what is several times there. */
async function askFor(title: string, value: string, taken: readonly string[]): Promise<string | undefined> {
  if (isSeveral()) {
    toast(t.form.several);
    return undefined;
  }
  const refuse = (name: string) => {
    if (name.trim() === "") return t.form.nameEmpty;
    return taken.includes(name.trim()) ? t.form.nameTaken(name.trim()) : null;
  };
  const field = { label: t.form.name, hint: t.form.nameHint, value: freeName(value, taken), refuse };
  return (await ask({ title, field, answers: [{ id: "yes", label: t.form.yes }] }))?.value.trim();
}

function edit(ops: (doc: Doc) => readonly Op[]): void {
  useWorkspace.getState().edit(t.form.change, ops(currentDoc()));
}
