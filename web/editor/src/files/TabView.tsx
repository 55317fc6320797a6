import * as Menu from "@radix-ui/react-context-menu";
import { useEffect, useRef, type KeyboardEvent, type MouseEvent } from "react";
import { Icon } from "../shell/icons";
import { isDirty, useWorkspace } from "../store/workspace";
import { closeOthers, step, tabActions } from "./actions";
import { MenuItems } from "./Menu";
import { closeTab, renameTab } from "./save";
import { files as text } from "./strings";

/** One open workflow: a click shows it, a middle click closes it, a double click renames it. */
export function TabView({ id, active }: { id: string; active: boolean }) {
  const name = useWorkspace((workspace) => workspace.tabs.find((tab) => tab.id === id)?.name ?? "");
  const dirty = useWorkspace((workspace) => workspace.tabs.some((tab) => tab.id === id && isDirty(tab)));
  const element = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!active || !element.current) return;
    element.current.scrollIntoView?.({ block: "nearest", inline: "nearest" });
    // Arrow keys move the focus along, but nothing else takes it from the canvas.
    if (element.current.parentElement?.contains(document.activeElement)) element.current.focus();
  }, [active]);

  return (
    <Menu.Root modal={false}>
      <Menu.Trigger asChild>
        <div
          ref={element}
          role="tab"
          className="tab"
          tabIndex={active ? 0 : -1}
          aria-selected={active}
          aria-label={dirty ? text.unsaved(name) : name}
          aria-keyshortcuts="Delete F2"
          data-dirty={dirty}
          title={name}
          onClick={(event) => onClick(event, id)}
          onDoubleClick={(event) => !isOnClose(event) && void renameTab(id)}
          onKeyDown={(event) => onKeyDown(event, id)}
          onMouseDown={(event) => event.button === 1 && event.preventDefault()} // else it begins to scroll
          onAuxClick={(event) => event.button === 1 && void closeTab(id)}
        >
          <span className="tab-name">{name}</span>
          <CloseMark />
        </div>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu">
          <MenuItems actions={[...tabActions(id), others(id)]} Item={Menu.Item} />
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** For the mouse: a tab can hold no button, so the keyboard has Delete and the menu. A dot if there is something to save. */
function CloseMark() {
  return (
    <span className="tab-close" aria-hidden="true" title={text.close}>
      <Icon name="close" size={12} />
    </span>
  );
}

function isOnClose({ target }: MouseEvent): boolean {
  return target instanceof Element && target.closest(".tab-close") !== null;
}

function onClick(event: MouseEvent, id: string): void {
  if (isOnClose(event)) void closeTab(id);
  else useWorkspace.getState().activate(id);
}

function onKeyDown(event: KeyboardEvent, id: string): void {
  const keys: Readonly<Record<string, () => unknown>> = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    Delete: () => closeTab(id),
    F2: () => renameTab(id),
  };
  const act = keys[event.key];
  if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation(); // on the canvas, Delete is about nodes
  void act();
}

function others(id: string) {
  return { id: "closeOthers", label: text.closeOthers, run: () => closeOthers(id) };
}
