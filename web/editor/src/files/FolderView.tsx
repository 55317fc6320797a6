import * as Menu from "@radix-ui/react-dropdown-menu";
import { Icon } from "../shell/icons";
import { useWorkspace } from "../store/workspace";
import { exactDate, shortDate } from "./dates";
import type { Folder, SavedFile } from "./library";
import { nameOf, placeOf } from "./names";
import { openSaved } from "./open";
import { removeSaved, renameSaved } from "./save";
import { files as text } from "./strings";

/** A folder of the library, and those within it. `open`: all are, as a search wants it. */
export function FolderView({ folder, open, label }: { folder: Folder; open: boolean; label: string }) {
  return (
    <ul className="folder" aria-label={label}>
      {folder.folders.map((each) => (
        <li key={each.name}>
          <details open={open}>
            <summary className="list-item">
              <Icon name="chevron" size={12} />
              {each.name}
            </summary>
            <FolderView folder={each} open={open} label={each.name} />
          </details>
        </li>
      ))}
      {folder.files.map((file) => (
        <FileView key={file.path} file={file} />
      ))}
    </ul>
  );
}

function FileView({ file: { path, modified } }: { file: SavedFile }) {
  const isShown = useWorkspace(({ tabs, active }) => tabs.some((tab) => tab.id === active && tab.path === path));
  return (
    <li className="file">
      <button
        type="button"
        className="list-item"
        aria-current={isShown || undefined}
        title={placeOf(path)}
        onClick={() => void openSaved(path)}
      >
        <span className="file-name">{nameOf(path)}</span>
        <time dateTime={new Date(modified).toISOString()} title={exactDate(modified)}>
          {shortDate(modified)}
        </time>
      </button>
      <FileMenu path={path} />
    </li>
  );
}

function FileMenu({ path }: { path: string }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-btn small" aria-label={text.actionsOf(placeOf(path))}>
        <Icon name="more" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end">
          <Menu.Item className="menu-item" onSelect={() => void openSaved(path)}>
            {text.open}
          </Menu.Item>
          <Menu.Item className="menu-item" onSelect={() => void renameSaved(path)}>
            {text.rename}
          </Menu.Item>
          <Menu.Item className="menu-item danger" onSelect={() => void removeSaved(path)}>
            {text.deleteMenu}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
