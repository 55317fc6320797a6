import * as Menu from "@radix-ui/react-dropdown-menu";
import { Icon } from "../shell/icons";
import { shownKeys } from "../shell/keys";
import { clearQueue, useJobs } from "../store/jobs";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { setAutoRun, useAutoRun } from "./auto_run";
import { useHeat } from "./heat";
import { attempt, runActive, selectedTargets, useRunCount } from "./run_actions";
import { targetsNow } from "./run_targets";
import { t } from "./strings";

/** The other ways to run. */
export function RunMenu() {
  const count = useRunCount((run) => run.count);
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="btn primary run-more" aria-label={t.run.more} title={t.run.more}>
        <Icon name="down" size={14} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end" sideOffset={4}>
          <Menu.Item className="menu-item" onSelect={() => attempt(runActive({ count, front: true }))}>
            {t.run.front}
            <span className="keys">{shownKeys("Ctrl+Shift+Enter")}</span>
          </Menu.Item>
          <SelectedItem />
          <Menu.Separator className="menu-separator" />
          <AutoRunItem />
          <HeatItem />
          <ClearItem />
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function SelectedItem() {
  const specs = useSpecs((store) => store.specs);
  const count = useWorkspace((workspace) => targetsNow(workspace, specs).length);
  return (
    <Menu.Item
      className="menu-item"
      disabled={count === 0}
      onSelect={() => attempt(runActive({ only: selectedTargets() }))}
    >
      {t.run.selected}
      <span className="keys">{shownKeys("Ctrl+Alt+Enter")}</span>
    </Menu.Item>
  );
}

function AutoRunItem() {
  const on = useAutoRun((auto) => auto.on);
  return <CheckItem text={t.run.auto} on={on} onChange={setAutoRun} />;
}

function HeatItem() {
  const { on, toggle } = useHeat();
  return <CheckItem text={t.run.heat} on={on} onChange={toggle} />;
}

function CheckItem({ text, on, onChange }: { text: string; on: boolean; onChange(on: boolean): void }) {
  return (
    <Menu.CheckboxItem className="menu-item" checked={on} onCheckedChange={onChange}>
      {text}
      <Menu.ItemIndicator className="keys">
        <Icon name="check" />
      </Menu.ItemIndicator>
    </Menu.CheckboxItem>
  );
}

function ClearItem() {
  const waiting = useJobs((jobs) => jobs.queue.some((job) => job.status === "pending"));
  return (
    <Menu.Item className="menu-item" disabled={!waiting} onSelect={() => attempt(clearQueue())}>
      {t.run.clear}
    </Menu.Item>
  );
}
