import { create } from "zustand";
import { openAddress } from "./open";
import { files as text } from "./strings";

/** Whether the dialog of the shipped workflows is open. */
export const useTemplates = create<{ open: boolean }>()(() => ({ open: false }));

export function showTemplates(open: boolean): void {
  useTemplates.setState({ open });
}

/** Open what is there if nothing else is: it runs with the model that comes along. */
export function openDefault(): Promise<void> {
  return openAddress("templates/text_to_image.json", text.defaultWorkflow);
}
