import { keysOf, useCommands, type Command } from "./commands";
import { Dialog } from "./Dialog";
import { useDialog } from "./dialogs";
import { groupBy } from "./group";
import { shownKeys } from "./keys";
import { t } from "./strings";
import "./dialogs.css";

/** All commands that have keys, by group. */
export function ShortcutsDialog() {
  const commands = useCommands().filter((command) => keysOf(command).length > 0);
  const groups = groupBy(commands, (command) => command.group ?? "other");
  return (
    <Dialog {...useDialog("shortcuts")} title={t.shortcuts.title} wide>
      <p className="muted">{t.shortcuts.hint}</p>
      <div className="shortcut-groups">
        {[...groups].map(([group, members]) => (
          <section key={group} aria-label={nameOf(group)}>
            <h3>{nameOf(group)}</h3>
            <dl>
              {members.map((command) => (
                <Shortcut key={command.id} command={command} />
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Shortcut({ command }: { command: Command }) {
  return (
    <div>
      <dt>{command.title}</dt>
      <dd>
        {keysOf(command).map((keys) => (
          <kbd key={keys}>{shownKeys(keys)}</kbd>
        ))}
      </dd>
    </div>
  );
}

function nameOf(group: string): string {
  return t.shortcuts.groups[group] ?? t.shortcuts.other;
}
