import * as Menu from "@radix-ui/react-dropdown-menu";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import { shownKeys } from "../shell/keys";
import { Icon } from "../shell/icons";
import { useJobs, clearQueue, refreshJobs } from "../store/jobs";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { useHeat } from "./heat";
import { attempt, MOST_RUNS, registerRunCommands, runActive, selectedTargets, useRunCount } from "./run_actions";
import { runTargets } from "./run_targets";
import { RunStatus } from "./RunStatus";
import { t } from "./strings";
import "./run.css";

/** Run, the other ways to run, stop, and how it goes. */
export function RunBar() {
  useEffect(registerRunCommands, []);
  const count = useRunCount((run) => run.count);

  return (
    <div className="run-bar" role="group" aria-label={t.run.bar}>
      <RunStatus />
      <div className="run-buttons">
        <CountField />
        <button
          type="button"
          className="btn primary run-button"
          title={`${t.run.run} (${shownKeys("Ctrl+Enter")})`}
          onClick={() => attempt(runActive({ count }))}
        >
          <Icon name="play" size={14} />
          {t.run.run}
        </button>
        <MoreWays />
      </div>
      <InterruptButton />
    </div>
  );
}

/** How often to run. What is typed counts when the field is left, or Enter is pressed. */
function CountField() {
  const { count, setCount } = useRunCount();
  const [typed, setTyped] = useState<string | null>(null);
  const keep = () => {
    if (typed !== null) setCount(Number(typed));
    setTyped(null);
  };
  return (
    <label className="run-count" title={t.run.countHint}>
      <span aria-hidden="true">×</span>
      <input
        type="number"
        aria-label={t.run.count}
        min={1}
        max={MOST_RUNS}
        value={typed ?? count}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => event.key === "Enter" && keep()}
      />
    </label>
  );
}

function MoreWays() {
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
          <HeatItem />
          <ClearItem />
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function SelectedItem() {
  const selected = useWorkspace((workspace) => workspace.selection.nodes);
  const doc = useWorkspace((workspace) => activeTab(workspace).doc);
  const specs = useSpecs((store) => store.specs);
  return (
    <Menu.Item
      className="menu-item"
      disabled={runTargets(doc, specs, selected).length === 0}
      onSelect={() => attempt(runActive({ only: selectedTargets() }))}
    >
      {t.run.selected}
      <span className="keys">{shownKeys("Ctrl+Alt+Enter")}</span>
    </Menu.Item>
  );
}

function HeatItem() {
  const { on, toggle } = useHeat();
  return (
    <Menu.CheckboxItem className="menu-item" checked={on} onCheckedChange={toggle}>
      {t.run.heat}
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

function InterruptButton() {
  const runs = useJobs((jobs) => jobs.queue.some((job) => job.status === "in_progress"));
  return (
    <button
      type="button"
      className="icon-btn run-stop"
      aria-label={t.run.interrupt}
      title={t.run.interrupt}
      disabled={!runs}
      onClick={() => attempt(api.interrupt().then(refreshJobs))}
    >
      <Icon name="stop" />
    </button>
  );
}
