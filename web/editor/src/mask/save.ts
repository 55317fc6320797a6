import { api } from "../api/client";
import { setValue } from "../graph/edits";
import { activeDoc, useWorkspace } from "../store/workspace";
import { CLIPSPACE, imageRef } from "../widgets/upload";
import { encodeMask } from "./encode";
import type { Mask } from "./mask";
import type { MaskTarget } from "./store";
import { t } from "./strings";

/**
 * Make a copy of the picture with this mask, and let the node load that. Each is a file of its own: undoing goes back
 * to the one before.
 */
export async function saveMask(target: MaskTarget, mask: Mask): Promise<void> {
  const original = imageRef(target.value);
  if (!original) throw new Error(t.noPicture);
  const file = new File([await encodeMask(mask)], `clipspace-mask-${Date.now()}.png`, { type: "image/png" });
  const { name, subfolder, type } = await api.uploadMask(file, original, CLIPSPACE);
  const doc = activeDoc(useWorkspace.getState());
  if (!doc.nodes[target.node]) throw new Error(t.gone);
  const value = `${subfolder}/${name} [${type}]`;
  useWorkspace.getState().edit(t.edit, setValue(doc, target.node, target.index, value, target.name));
}
