import * as ContextMenu from "@radix-ui/react-context-menu";
import { widgetsOf } from "../graph/inputs";
import { privateOf, togglePrivate } from "../graph/private";
import { Icon } from "../shell/icons";
import { specOf } from "../graph/subgraphs";
import { useSpecs } from "../store/specs";
import { activeDoc, useWorkspace } from "../store/workspace";
import { Sub } from "./MenuParts";
import { t } from "./strings";

/** Which values of the selected node stay out of saved files. */
export function PrivateMenu() {
  const id = useWorkspace(({ selection }) => selection.nodes[0] ?? "");
  const doc = useWorkspace(activeDoc);
  const node = doc.nodes[id];
  const specs = useSpecs((store) => store.specs);
  const spec = node && specOf(doc, node, specs);
  if (!node || !spec) return null;
  const inputs = widgetsOf(node, spec).filter(({ kind }) => kind !== "control");
  if (inputs.length === 0) return null;
  const marked = privateOf(node);
  const toggle = (name: string) => useWorkspace.getState().edit(t.private.change, togglePrivate(doc, id, name));

  return (
    <Sub label={t.private.menu}>
      {inputs.map(({ name }) => (
        <ContextMenu.CheckboxItem
          key={name}
          className="menu-item"
          checked={marked.includes(name)}
          onCheckedChange={() => toggle(name)}
        >
          {name}
          <ContextMenu.ItemIndicator className="keys">
            <Icon name="check" />
          </ContextMenu.ItemIndicator>
        </ContextMenu.CheckboxItem>
      ))}
    </Sub>
  );
}
