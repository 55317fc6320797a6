import * as Menu from "@radix-ui/react-dropdown-menu";
import { compareSaved } from "../compare/store";
import { t as compare } from "../compare/strings";
import { bundleUrl } from "../sharing/bundles";
import { sharing } from "../sharing/strings";
import { editTags } from "../sharing/tags";
import { showVersions } from "../sharing/versions";
import { Icon } from "../shell/icons";
import { useWorkspace } from "../store/workspace";
import { exactDate, shortDate } from "./dates";
import { useLibrary, type SavedFile } from "./library";
import { removeSaved, renameSaved } from "./manage";
import { nameOf, placeOf } from "./names";
import { openSaved } from "./open";
import { files as text } from "./strings";
import { thumbnailUrl } from "./thumbnails";

/** A workflow of the library: its picture, its name, when it was saved, and what can be done with it. */
export function FileView({ file: { path, modified } }: { file: SavedFile }) {
  const isShown = useWorkspace(({ tabs, active }) => tabs.some((tab) => tab.id === active && tab.path === path));
  const tags = useLibrary((library) => library.tags[placeOf(path)]?.join(", "));
  return (
    <div className="file">
      <button
        type="button"
        className="list-item"
        aria-current={isShown || undefined}
        title={placeOf(path)}
        onClick={() => void openSaved(path)}
      >
        <Thumbnail path={path} />
        <span className="file-text">
          <span className="file-name">{nameOf(path)}</span>
          <span className="file-note">
            <time dateTime={new Date(modified).toISOString()} title={exactDate(modified)}>
              {shortDate(modified)}
            </time>
            {tags && ` · ${tags}`}
          </span>
        </span>
      </button>
      <FileMenu path={path} />
    </div>
  );
}

function Thumbnail({ path }: { path: string }) {
  const url = useLibrary(({ thumbnails }) => thumbnailUrl(path, thumbnails));
  return (
    <span className="file-picture" aria-hidden="true">
      {url ? <img src={url} alt="" loading="lazy" decoding="async" /> : <Icon name="nodes" />}
    </span>
  );
}

function FileMenu({ path }: { path: string }) {
  return (
    <Menu.Root modal={false}>
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
          <Menu.Item className="menu-item" onSelect={() => void editTags(path)}>
            {sharing.tags}
          </Menu.Item>
          <Menu.Item className="menu-item" onSelect={() => void showVersions(path)}>
            {sharing.versions}
          </Menu.Item>
          <Menu.Item className="menu-item" onSelect={() => void compareSaved(path)}>
            {compare.compareWith}
          </Menu.Item>
          <Menu.Item className="menu-item" asChild>
            <a href={bundleUrl(path)} download>
              {sharing.exportBundle}
            </a>
          </Menu.Item>
          <Menu.Item className="menu-item danger" onSelect={() => void removeSaved(path)}>
            {text.deleteMenu}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
