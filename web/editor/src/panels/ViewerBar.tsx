import * as Radix from "@radix-ui/react-dialog";
import { api } from "../api/client";
import { Icon } from "../shell/icons";
import { openSource } from "./job_actions";
import { attempt } from "./run_actions";
import { sourceOf } from "./source";
import { t } from "./strings";
import { useViewer, type Shown } from "./viewer_store";

/** Which picture it is, and what can be done with it. */
export function ViewerBar({ shown }: { shown: Shown }) {
  const { images, index, against, toggleCompare, close } = useViewer();
  const open = async () => {
    if (await openSource(await sourceOf(shown), nameOf(shown))) close();
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
        <a className="btn" href={api.viewUrl(shown)} download={shown.filename}>
          <Icon name="download" />
          {t.viewer.download}
        </a>
        <Radix.Close className="icon-btn" aria-label={t.viewer.close}>
          <Icon name="close" />
        </Radix.Close>
      </span>
    </header>
  );
}

function nameOf({ filename }: Shown): string {
  return filename.replace(/\.[^.]+$/, "");
}
