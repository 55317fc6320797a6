import * as Menu from "@radix-ui/react-dropdown-menu";
import { useEffect } from "react";
import { useShallow } from "zustand/react/shallow";
import { usePercentDone } from "../panels/usePercentDone";
import { Icon } from "../shell/icons";
import { activeTab, isDirty, useWorkspace } from "../store/workspace";
import { openActions, tabActions } from "./actions";
import { reopenAction, useClosed } from "./closed";
import { MenuItems } from "./Menu";
import { openNew } from "./open";
import { files as text } from "./strings";
import { TabView } from "./TabView";
import "./tabs.css";

/** The open workflows. Arrows go through them, Delete closes, F2 renames. */
export function Tabs() {
  const ids = useWorkspace(useShallow((workspace) => workspace.tabs.map((tab) => tab.id)));
  const active = useWorkspace((workspace) => activeTab(workspace).id);
  usePageTitle();

  return (
    <div className="tabs">
      <div role="tablist" aria-label={text.tabs}>
        {ids.map((id) => (
          <TabView key={id} id={id} active={id === active} />
        ))}
      </div>
      <button type="button" className="icon-btn small" aria-label={text.newTab} title={text.newTab} onClick={openNew}>
        <Icon name="plus" />
      </button>
      <FileMenu active={active} />
    </div>
  );
}

function FileMenu({ active }: { active: string }) {
  const canReopen = useClosed((store) => store.closed.length > 0);
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="icon-btn small" aria-label={text.menu} title={text.menu}>
        <Icon name="down" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="start" sideOffset={4}>
          <MenuItems actions={[...openActions(), ...(canReopen ? [reopenAction] : [])]} Item={Menu.Item} />
          <Menu.Separator className="menu-separator" />
          <MenuItems actions={tabActions(active)} Item={Menu.Item} />
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function usePageTitle(): void {
  const title = useWorkspace((workspace) => text.pageTitle(activeTab(workspace).name, isDirty(activeTab(workspace))));
  const done = usePercentDone();
  useEffect(() => {
    document.title = `${done}${title}`;
  }, [done, title]);
}
