import type { ComponentType, ReactNode } from "react";
import { shownKeys } from "../shell/keys";
import type { FileAction } from "./actions";

type MenuItem = ComponentType<{ className?: string; onSelect?: () => void; children?: ReactNode }>;

/** Entries of a menu; `Item` is that of a dropdown or a context menu. */
export function MenuItems({ actions, Item }: { actions: readonly FileAction[]; Item: MenuItem }) {
  return actions.map(({ id, label, keys, run }) => (
    <Item key={id} className="menu-item" onSelect={() => void run()}>
      {label}
      {keys && <span className="keys">{shownKeys(keys)}</span>}
    </Item>
  ));
}
