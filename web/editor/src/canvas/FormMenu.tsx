import * as ContextMenu from "@radix-ui/react-context-menu";
import { linkedInputs } from "../graph/connect";
import { exposedOf } from "../graph/exposed";
import { widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { toggleInput, toggleOutput } from "./exposing";
import { Sub } from "./MenuParts";
import { t } from "./strings";

/** What of the selected node the workflow's form shows: its inputs that have a value, and what it shows itself. */
export function FormMenu() {
  const id = useWorkspace(({ selection }) => selection.nodes[0] ?? "");
  const doc = useWorkspace(activeDoc);
  const node = doc.nodes[id];
  const specs = useSpecs((store) => store.specs);
  const spec = node && specOf(doc, node, specs);
  if (!node || !spec) return null;
  const exposed = exposedOf(node);
  const inputs = widgetsOf(node, spec, linkedInputs(doc, id)).filter(
    ({ kind, linked }) => kind !== "control" && !linked,
  );
  if (inputs.length === 0 && !spec.output_node) return null;

  return (
    <Sub label={t.form.menu}>
      {inputs.map(({ name }) => (
        <Entry key={name} label={name} name={exposed.inputs[name] ?? null} onToggle={() => toggleInput(id, name)} />
      ))}
      {spec.output_node && <Entry label={t.form.shows} name={exposed.output} onToggle={() => toggleOutput(id)} />}
    </Sub>
  );
}

interface EntryProps {
  label: string;
  /** What the form calls it; null if it is not there. */
  name: string | null;
  onToggle(): Promise<void>;
}

function Entry({ label, name, onToggle }: EntryProps) {
  return (
    <ContextMenu.CheckboxItem
      className="menu-item"
      checked={name !== null}
      // Later: a dialog that opens while a menu closes would lose the focus to it.
      onCheckedChange={() => setTimeout(() => void onToggle(), 0)}
    >
      {label}
      {name !== null && <span className="keys">{t.form.as(name)}</span>}
    </ContextMenu.CheckboxItem>
  );
}
