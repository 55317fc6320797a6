import { shownKeysOf, useCommands } from "./commands";
import { Dialog } from "./Dialog";
import { useDialog } from "./dialogs";
import { groupBy } from "./group";
import { shownKeys } from "./keys";
import { t } from "./strings";
import "./dialogs.css";

/** All commands that have keys, by group, and what keys and pointer do in their places. */
export function ShortcutsDialog() {
  const commands = useCommands().filter((command) => shownKeysOf(command).length > 0);
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
                <Shortcut key={command.id} title={command.title} keys={shownKeysOf(command)} />
              ))}
            </dl>
          </section>
        ))}
        {t.shortcuts.places.map(({ name, keys }) => (
          <section key={name} aria-label={name}>
            <h3>{name}</h3>
            <dl>
              {keys.map(([title, ...shown]) => (
                <Shortcut key={title} title={title!} keys={shown.map(shownKeys)} />
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Shortcut({ title, keys }: { title: string; keys: readonly string[] }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        {keys.map((each) => (
          <kbd key={each}>{each}</kbd>
        ))}
      </dd>
    </div>
  );
}

function nameOf(group: string): string {
  return t.shortcuts.groups[group] ?? t.shortcuts.other;
}
