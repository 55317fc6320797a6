import * as ContextMenu from "@radix-ui/react-context-menu";
import type { ReactNode } from "react";
import { runCommand, shownKeysOf, useCommands } from "../shell/commands";

/** A command as a menu's entry, with its keys. */
export function CommandItem({ id, danger = false }: { id: string; danger?: boolean }) {
  const command = useCommands().find((each) => each.id === id);
  if (!command || (id.startsWith("subgraph.") && !(command.enabled?.() ?? true))) return null;
  return (
    <Item danger={danger} onSelect={() => runCommand(id)}>
      {command.title}
      <Keys id={id} />
    </Item>
  );
}

export function Keys({ id }: { id: string }) {
  const command = useCommands().find((each) => each.id === id);
  const [keys] = command ? shownKeysOf(command) : [];
  return keys ? <span className="keys">{keys}</span> : null;
}

export function Item({
  children,
  onSelect,
  danger = false,
}: {
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
}) {
  return (
    <ContextMenu.Item className={danger ? "menu-item danger" : "menu-item"} onSelect={onSelect}>
      {children}
    </ContextMenu.Item>
  );
}

export function Sub({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ContextMenu.Sub>
      <ContextMenu.SubTrigger className="menu-item">
        {label}
        <span className="keys" aria-hidden="true">
          ›
        </span>
      </ContextMenu.SubTrigger>
      <ContextMenu.Portal>
        <ContextMenu.SubContent className="menu" tabIndex={0}>
          {children}
        </ContextMenu.SubContent>
      </ContextMenu.Portal>
    </ContextMenu.Sub>
  );
}

export function Separator() {
  return <ContextMenu.Separator className="menu-separator" />;
}

/** A dialog that opens while a menu closes would lose the focus to it. */
export function later(run: () => void): void {
  setTimeout(run, 0);
}
