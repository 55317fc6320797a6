import { ask } from "./ask";
import { unfit } from "./names";
import { files as text } from "./strings";

/** Ask for a name that a workflow can have; null if the user would not say. */
export async function askName(title: string, value: string, yes: string): Promise<string | null> {
  const refuse = (name: string) => {
    const reason = unfit(name.trim());
    return reason && text.unfit[reason];
  };
  const field = { label: text.name, hint: text.nameHint, value, refuse };
  return (await ask({ title, field, answers: [{ id: "yes", label: yes }] }))?.value.trim() ?? null;
}
