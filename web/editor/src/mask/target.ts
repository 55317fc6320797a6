import { linkedInputs } from "../graph/connect";
import { widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import type { Doc, NodeId, Specs } from "../graph/types";
import { registerCommand } from "../shell/commands";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { editMask, type MaskTarget } from "./store";
import { t } from "./strings";

/** The picture that a node has chosen; null if it chooses none, or gets it through a wire. */
export function pictureOf(doc: Doc, id: NodeId, specs: Specs): MaskTarget | null {
  const node = doc.nodes[id];
  const spec = node && specOf(doc, node, specs);
  if (!spec) return null;
  for (const { kind, linked, name, index, value } of widgetsOf(node, spec, linkedInputs(doc, id))) {
    if (kind === "image" && !linked && typeof value === "string" && value !== "")
      return { node: id, name, index, value };
  }
  return null;
}

/** The picture of the node that is selected, if it is one alone. */
export function selectedPicture(): MaskTarget | null {
  const workspace = useWorkspace.getState();
  const [id, ...others] = workspace.selection.nodes;
  if (id === undefined || others.length > 0) return null;
  return pictureOf(activeDoc(workspace), id, useSpecs.getState().specs);
}

export function registerMaskCommand(): void {
  registerCommand({
    id: "mask.edit",
    group: "node",
    title: t.edit,
    enabled: () => selectedPicture() !== null,
    run: () => {
      const target = selectedPicture();
      setTimeout(() => editMask(target)); // a dialog that opens while a menu closes would lose the focus to it
    },
  });
}
