import * as Tooltip from "@radix-ui/react-tooltip";
import type { ReactNode } from "react";
import { useFaults, useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { showDialog } from "./dialogs";
import { ErrorBoundary } from "./ErrorBoundary";
import { Icon, type IconName } from "./icons";
import { shownKeys } from "./keys";
import { PANELS, type PanelId } from "./panels";
import { togglePanel, useSettings } from "./settings";
import { t } from "./strings";

/** The rail at the left, and the panel that is open beside it. */
export function SideBar() {
  const open = useSettings((settings) => settings.panel);
  const panel = PANELS.find(({ id }) => id === open);
  return (
    <>
      <nav className="rail" aria-label={t.shell.sidebar}>
        {PANELS.map(({ id, icon, keys }) => (
          <RailButton
            key={id}
            label={t.shell.panels[id]}
            icon={icon}
            keys={keys}
            open={id === open}
            onClick={() => togglePanel(id)}
          >
            <Count of={id} />
          </RailButton>
        ))}
        <span className="spring" />
        <RailButton label={t.palette.open} icon="command" keys="Ctrl+K" onClick={() => showDialog("palette")} />
        <RailButton label={t.shortcuts.title} icon="keyboard" keys="?" onClick={() => showDialog("shortcuts")} />
        <RailButton label={t.settings.title} icon="settings" keys="Ctrl+," onClick={() => showDialog("settings")} />
      </nav>
      {panel && (
        <div className="side">
          <ErrorBoundary key={panel.id}>
            <panel.Body />
          </ErrorBoundary>
        </div>
      )}
    </>
  );
}

interface RailButtonProps {
  label: string;
  icon: IconName;
  keys: string;
  open?: boolean;
  onClick(): void;
  children?: ReactNode;
}

function RailButton({ label, icon, keys, open, onClick, children }: RailButtonProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button type="button" className="rail-btn" aria-label={label} aria-pressed={open} onClick={onClick}>
          <Icon name={icon} size={20} />
          {children}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" side="right" sideOffset={4}>
          {label} <span className="keys">{shownKeys(keys)}</span>
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

/** How many jobs wait, or problems there are, at the panel's button. */
function Count({ of }: { of: PanelId }) {
  const tab = useWorkspace((workspace) => workspace.active);
  const problems = useFaults(tab).length;
  const remaining = useRun((run) => run.remaining);
  const count = { queue: remaining, problems }[of as string] ?? 0;
  return count > 0 ? <span className={of === "problems" ? "badge error" : "badge"}>{count}</span> : null;
}
