import * as Dialog from "@radix-ui/react-dialog";
import { Command as Cmdk } from "cmdk";
import { addAt } from "../canvas/actions";
import { focusNode } from "../canvas/focus";
import { match } from "../canvas/search";
import { shownKeysOf, useCommands, type Command } from "./commands";
import { showDialog, useDialog } from "./dialogs";
import { giveFocusBack } from "./focus";
import { addable } from "../graph/virtual";
import { useSpecs } from "../store/specs";
import { t } from "./strings";
import "./palette.css";

/** Everything that can be done or added, found by typing. */
export function CommandPalette() {
  return (
    <Dialog.Root {...useDialog("palette")}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-overlay" />
        <Dialog.Content className="palette" aria-describedby={undefined} onCloseAutoFocus={giveFocusBack}>
          <Dialog.Title className="visually-hidden">{t.palette.title}</Dialog.Title>
          <Cmdk label={t.palette.title} filter={score} loop>
            <Cmdk.Input placeholder={t.palette.search} aria-label={t.palette.search} />
            <Cmdk.List label={t.palette.title}>
              <Cmdk.Empty>{t.palette.nothing}</Cmdk.Empty>
              <CommandItems />
              <NodeItems />
            </Cmdk.List>
          </Cmdk>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function CommandItems() {
  const commands = useCommands().filter((command) => !command.hidden && (command.enabled?.() ?? true));
  return (
    <Cmdk.Group heading={t.palette.commands}>
      {commands.map((command) => (
        <Cmdk.Item key={command.id} value={`${command.title} ${command.id}`} onSelect={() => runAndClose(command)}>
          <span>{command.title}</span>
          <Keys of={command} />
        </Cmdk.Item>
      ))}
    </Cmdk.Group>
  );
}

function Keys({ of }: { of: Command }) {
  const [keys] = shownKeysOf(of);
  return keys ? <kbd>{keys}</kbd> : null;
}

function NodeItems() {
  const specs = addable(useSpecs((store) => store.specs));
  return (
    <Cmdk.Group heading={t.palette.nodes}>
      {Object.values(specs).map((spec) => (
        <Cmdk.Item
          key={spec.name}
          value={`${spec.display_name} ${spec.name}`}
          onSelect={() => {
            showDialog(null);
            const id = addAt(spec.name);
            if (id !== null) focusNode(id);
          }}
        >
          <span>{spec.display_name || spec.name}</span>
          <span className="muted">{spec.category}</span>
        </Cmdk.Item>
      ))}
    </Cmdk.Group>
  );
}

/** The palette closes first: what the command opens may want the focus. */
function runAndClose(command: Command): void {
  showDialog(null);
  command.run();
}

/** As the search for nodes finds them: each word counts, and letters scattered over a title do not. */
function score(title: string, query: string): number {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return Math.min(...words.map((word) => match(title, word)));
}
