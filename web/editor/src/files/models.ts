import { api } from "../api/client";
import type { FoundFile } from "../api/verifying";
import { linkedInputs } from "../graph/connect";
import { definitionsOf } from "../graph/definitions";
import { setValue } from "../graph/edits";
import { widgetsOf } from "../graph/inputs";
import { levelOf } from "../graph/levels";
import { applyAll } from "../graph/ops";
import { specOf } from "../graph/subgraphs";
import type { Doc, Op, Specs } from "../graph/types";
import { lifted } from "../graph/within";
import { loadSpecs } from "../store/specs";

/** The model files that a picture was made with, and what of them is here: none is put in the place of another unasked. */

/** Those that are not as they were, and not only gone: what is not here at all is told as missing. Throws `HttpError`. */
export async function changedModels(lock: unknown): Promise<FoundFile[]> {
  const found = await api.filesOf(lock);
  const changed = found.filter(({ found: how }) => how === "renamed" || how === "similar" || how === "replaced");
  if (changed.some(({ found: how }) => how !== "replaced")) await loadSpecs(); // what they are called here is a choice then
  return changed;
}

/** What puts another file into all inputs that name this one, inside of subgraphs too, if it is one of their choices. */
export function renameModel(doc: Doc, specs: Specs, from: string, to: string): Op[] {
  const ops: Op[] = [];
  let now = doc;
  for (const id of [null, ...definitionsOf(doc).map((graph) => String(graph["id"]))]) {
    const level = id === null ? now : levelOf(now, id);
    if (!level) continue;
    const more = lifted(now, id, renameIn(level, specs, from, to), specs);
    now = applyAll(now, more);
    ops.push(...more);
  }
  return ops;
}

function renameIn(level: Doc, specs: Specs, from: string, to: string): Op[] {
  const ops: Op[] = [];
  let now = level;
  for (const id of level.order) {
    const node = now.nodes[id]!;
    const spec = specOf(now, node, specs);
    const widgets = spec ? widgetsOf(node, spec, linkedInputs(now, id)) : [];
    for (const { index, value, linked, spec: input } of widgets) {
      if (linked || value !== from || !input.choices?.includes(to)) continue;
      const more = setValue(now, id, index, to);
      now = applyAll(now, more);
      ops.push(...more);
    }
  }
  return ops;
}
