import { jsonText, parseJson } from "../graph/json";
import type { Values } from "./fields";
import { useForm } from "./store";

/** What was typed and not yet run. */
interface Draft {
  readonly values: Values;
  readonly fresh: readonly string[];
}

/** Keep what is typed while the page is open: a phone drops pages that it does not show, and loads them again. */
export function startKeeping(storage: Storage = sessionStorage): () => void {
  return useForm.subscribe(({ workflow, values, fresh }, before) => {
    if (!workflow || workflow !== before.workflow) return; // it was opened: nothing is typed yet
    if (values === before.values && fresh === before.fresh) return;
    storage.setItem(keyOf(workflow.name), jsonText({ values, fresh: [...fresh] }));
  });
}

/** What was typed into the form of this workflow before; null if nothing was. */
export function draftOf(name: string, storage: Storage = sessionStorage): Draft | null {
  const text = storage.getItem(keyOf(name));
  return text === null ? null : (parseJson(text) as Draft);
}

function keyOf(name: string): string {
  return `wireloom.form.${name}`;
}
