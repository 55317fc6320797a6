import * as ContextMenu from "@radix-ui/react-context-menu";
import { selectedPicture } from "../mask/target";
import { giveFocusBack } from "../shell/focus";
import { useWorkspace } from "../store/workspace";
import { SweepMenu } from "../sweep/SweepMenu";
import { promotable, togglePromoted } from "../subgraphs/promoting";
import { t as subgraphs } from "../subgraphs/strings";
import { align, currentDoc, dissolveGroup, fitGroup, removeWire, selectInside } from "./actions";
import { openAddNode } from "./adding";
import { colors, paintGroup, paintSelected } from "./colors";
import { groupFlowId } from "./derive";
import { FormMenu } from "./FormMenu";
import type { Point } from "./geometry";
import { CommandItem, Item, Keys, later, Separator, Sub } from "./MenuParts";
import { PrivateMenu } from "./PrivateMenu";
import { beginRename } from "./renaming";
import { colorNames, t } from "./strings";
import type { Target } from "./target";

/** What a right click offers, depending on what it hit. */
export function CanvasMenu({ target, at }: { target: Target; at: Point }) {
  return (
    <ContextMenu.Portal>
      <ContextMenu.Content
        className="menu"
        tabIndex={0} // a menu that is longer than the screen scrolls
        onCloseAutoFocus={giveFocusBack}
        onFocusOutside={(event) => event.preventDefault()} // a finger that is lifted leaves the focus on what it held
      >
        {target.kind === "canvas" && <CanvasItems at={at} />}
        {target.kind === "node" && <NodeItems />}
        {target.kind === "wire" && <WireItems id={target.id} at={at} />}
        {target.kind === "group" && <GroupItems id={target.id} />}
      </ContextMenu.Content>
    </ContextMenu.Portal>
  );
}

function CanvasItems({ at }: { at: Point }) {
  return (
    <>
      <Item onSelect={() => later(() => openAddNode(at))}>
        {t.addNode}
        <Keys id="canvas.addNode" />
      </Item>
      <CommandItem id="subgraph.insert" />
      <CommandItem id="subgraph.leave" />
      <CommandItem id="canvas.paste" />
      <CommandItem id="canvas.selectAll" />
      <Separator />
      <CommandItem id="canvas.arrange" />
      <CommandItem id="canvas.fit" />
    </>
  );
}

function NodeItems() {
  const many = useWorkspace((workspace) => workspace.selection.nodes.length > 1);
  return (
    <>
      {!many && <CommandItem id="canvas.rename" />}
      {!many && <PrivateMenu />}
      {selectedPicture() && <CommandItem id="mask.edit" />}
      {["mute", "bypass", "collapse", "pin"].map((name) => (
        <CommandItem key={name} id={`canvas.${name}`} />
      ))}
      <Colors onChoose={paintSelected} />
      <CommandItem id="canvas.connect" />
      {!many && <FormMenu />}
      {!many && <SweepMenu />}
      <Separator />
      {["cut", "copy", "duplicate", "group"].map((name) => (
        <CommandItem key={name} id={`canvas.${name}`} />
      ))}
      {many && (
        <Sub label={t.align}>
          {(Object.keys(t.alignments) as (keyof typeof t.alignments)[]).map((how) => (
            <Item key={how} onSelect={() => align(how)}>
              {t.alignments[how]}
            </Item>
          ))}
        </Sub>
      )}
      {many && <CommandItem id="canvas.arrange" />}
      <Separator />
      {["make", "enter", "unique", "unpack", "save"].map((name) => (
        <CommandItem key={name} id={`subgraph.${name}`} />
      ))}
      <PromoteItems />
      <Separator />
      <CommandItem id="run.selected" />
      <Separator />
      <CommandItem id="canvas.deleteHeal" />
      <CommandItem id="canvas.delete" danger />
    </>
  );
}

function WireItems({ id, at }: { id: number; at: Point }) {
  const link = currentDoc().links[id];
  if (!link) return null;
  return (
    <>
      <Item onSelect={() => later(() => openAddNode(at, { link }))}>{t.insertNode}</Item>
      <Item danger onSelect={() => removeWire(id)}>
        {t.disconnect}
      </Item>
    </>
  );
}

function GroupItems({ id }: { id: number }) {
  return (
    <>
      <Item onSelect={() => later(() => beginRename(groupFlowId(id)))}>{t.renameGroup}</Item>
      <Colors onChoose={(name) => paintGroup(id, name)} />
      <Item onSelect={() => fitGroup(id)}>{t.fitGroup}</Item>
      <Item onSelect={() => selectInside(id)}>{t.selectGroup}</Item>
      <Separator />
      <Item danger onSelect={() => dissolveGroup(id)}>
        {t.ungroup}
      </Item>
    </>
  );
}

function Colors({ onChoose }: { onChoose: (name: string | null) => void }) {
  return (
    <Sub label={t.color}>
      <Item onSelect={() => onChoose(null)}>{t.noColor}</Item>
      {Object.entries(colors).map(([name, { color }]) => (
        <Item key={name} onSelect={() => onChoose(name)}>
          <i className="swatch" style={{ background: color }} aria-hidden="true" />
          {colorNames[name]}
        </Item>
      ))}
    </Sub>
  );
}

/** Inside of a subgraph: which widgets of a node are shown outside. */
function PromoteItems() {
  const offers = promotable();
  if (offers.length === 0) return null;
  return (
    <Sub label={subgraphs.promote}>
      {offers.map(({ name, isPromoted }) => (
        <ContextMenu.CheckboxItem
          key={name}
          className="menu-item"
          checked={isPromoted}
          onSelect={() => togglePromoted(name)}
        >
          {name}
          <ContextMenu.ItemIndicator className="keys">{subgraphs.promoted}</ContextMenu.ItemIndicator>
        </ContextMenu.CheckboxItem>
      ))}
    </Sub>
  );
}
