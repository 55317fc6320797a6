import * as Menu from "@radix-ui/react-dropdown-menu";
import { api } from "../api/client";
import { Icon } from "../shell/icons";
import { verifyPicture } from "../verify/store";
import { t as verify } from "../verify/strings";
import { deletePicture, openWorkflowBehind } from "./picture_actions";
import { attempt } from "./run_actions";
import { t } from "./strings";
import type { Shown } from "./viewer_store";

/** What can be done with a picture of the gallery without opening it. */
export function PictureMenu({ shown, onCompare }: { shown: Shown; onCompare: (() => void) | null }) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="icon-btn small tile-more" aria-label={t.pictures.more(shown.filename)}>
        <Icon name="more" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="start">
          <Menu.Item className="menu-item" onSelect={() => attempt(openWorkflowBehind(shown))}>
            {t.viewer.open}
          </Menu.Item>
          {onCompare && (
            <Menu.Item className="menu-item" onSelect={onCompare}>
              {t.pictures.compare}
            </Menu.Item>
          )}
          <Menu.Item className="menu-item" onSelect={() => attempt(verifyPicture(shown))}>
            {verify.verify}
          </Menu.Item>
          <Menu.Item className="menu-item" asChild>
            <a className="menu-link" href={api.viewUrl(shown)} download={shown.filename}>
              {t.viewer.download}
            </a>
          </Menu.Item>
          <Menu.Separator className="menu-separator" />
          <Menu.Item className="menu-item danger" onSelect={() => attempt(deletePicture(shown))}>
            {t.pictures.delete}
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
