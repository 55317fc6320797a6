import * as Radix from "@radix-ui/react-dialog";
import { api } from "../api/client";
import { Icon } from "../shell/icons";
import { verifyPicture } from "../verify/store";
import { t as verify } from "../verify/strings";
import { deletePicture, openWorkflowBehind } from "./picture_actions";
import { attempt } from "./run_actions";
import { t } from "./strings";
import { useViewer, type Shown } from "./viewer_store";

/** Which picture it is, and what can be done with it. */
export function ViewerBar({ shown }: { shown: Shown }) {
  const { images, index, against, toggleCompare, close } = useViewer();
  const open = async () => {
    if (await openWorkflowBehind(shown)) close();
  };
  return (
    <header className="viewer-bar">
      <h2>{shown.filename}</h2>
      {images.length > 1 && <span className="muted">{t.viewer.position(index, images.length)}</span>}
      <span className="viewer-buttons">
        {images.length > 1 && (
          <button
            type="button"
            className="btn"
            aria-pressed={against !== null}
            title={`${t.viewer.compare} (C)`}
            onClick={toggleCompare}
          >
            {t.viewer.compare}
          </button>
        )}
        <button type="button" className="btn" onClick={() => attempt(open())}>
          <Icon name="nodes" />
          {t.viewer.open}
        </button>
        <button type="button" className="btn" onClick={() => verifyShown(shown, close)}>
          <Icon name="check" />
          {verify.verify}
        </button>
        <a className="btn" href={api.viewUrl(shown)} download={shown.filename}>
          <Icon name="download" />
          {t.viewer.download}
        </a>
        <button
          type="button"
          className="icon-btn"
          aria-label={t.pictures.delete}
          title={`${t.pictures.delete} (${t.viewer.deleteKey})`}
          onClick={() => attempt(deletePicture(shown))}
        >
          <Icon name="trash" />
        </button>
        <Radix.Close className="icon-btn" aria-label={t.viewer.close}>
          <Icon name="close" />
        </Radix.Close>
      </span>
    </header>
  );
}

/** The dialog takes the viewer's place: two would lie over each other. */
function verifyShown(shown: Shown, close: () => void): void {
  close();
  attempt(verifyPicture(shown));
}
