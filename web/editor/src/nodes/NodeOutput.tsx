import { api } from "../api/client";
import { isGone, keyOf, markGone, useGone } from "../panels/gone";
import { shownOf, useJobPictures } from "../panels/job_pictures";
import { picturesOfNode, type Picture } from "../panels/pictures";
import { useViewer, type Shown } from "../panels/viewer_store";
import { useJobs } from "../store/jobs";
import { jsonText } from "../graph/json";
import { useRun } from "../store/run";
import { usePlace } from "./slices";
import { t } from "./strings";
import "./output.css";

/** As many pictures as a node shows at once; the viewer has them all. */
const SHOWN = 9;

type Output = Readonly<Record<string, readonly unknown[]>> | undefined;

/** The preview while a node works, what it says, and what it showed when it was done: pictures to be opened, and texts. */
export function NodeOutput() {
  const { tab, run: id } = usePlace();
  const preview = useRun((run) => run.runs[tab]?.nodes[id]?.preview);
  const says = useRun((run) => run.runs[tab]?.nodes[id]?.says);
  const isRunning = useRun((run) => run.runs[tab]?.nodes[id]?.state === "running");
  const output = useRun((run) => run.runs[tab]?.nodes[id]?.output);
  const hasPreview = isRunning && preview !== undefined;
  return (
    <>
      {isRunning && says && (
        <p className="node-says" aria-label={t.says}>
          {says}
        </p>
      )}
      {hasPreview && <img className="node-preview" src={preview} alt={t.preview} draggable={false} />}
      {!hasPreview && <Pictures output={output} />}
      {!hasPreview &&
        textsOf(output?.["text"]).map((text, at) => (
          <pre key={at} className="node-text nodrag nowheel">
            {text}
          </pre>
        ))}
    </>
  );
}

function Pictures({ output }: { output: Output }) {
  const { tab, run: id } = usePlace();
  const madeAt = useRun((run) => run.runs[tab]?.startedAt);
  const gone = useGone();
  const pictures = picturesOfNode(output, id).filter((picture) => !isGone(gone, picture, madeAt));
  if (pictures.length === 0) return null;
  return (
    <div className="node-pictures" data-count={Math.min(pictures.length, SHOWN)}>
      {pictures.slice(0, SHOWN).map((picture, index) => (
        <button
          key={keyOf(picture)}
          type="button"
          className="node-picture nodrag"
          aria-label={t.openImage(picture.filename)}
          onClick={() => show(pictures, index, useRun.getState().runs[tab]?.jobId)}
        >
          <img
            src={api.viewUrl(picture, { preview: "webp;85" })}
            alt=""
            draggable={false}
            onError={() => markGone(picture)}
          />
          {index === SHOWN - 1 && pictures.length > SHOWN && <span>{t.moreImages(pictures.length - SHOWN)}</span>}
        </button>
      ))}
    </div>
  );
}

/** The node's pictures, and after them those of the gallery, to be compared with. */
function show(pictures: readonly Picture[], index: number, jobId: string | undefined): void {
  const own: Shown[] = pictures.map((picture) => ({ ...picture, ...(jobId ? { jobId } : {}) }));
  const keys = new Set(own.map(keyOf));
  const older = shownOf(useJobs.getState().history, useJobPictures.getState().loaded, useGone.getState());
  useViewer.getState().show([...own, ...older.filter((picture) => !keys.has(keyOf(picture)))], index);
}

/** Nodes show a text, a list of texts, or values: each as text. */
function textsOf(shown: unknown): string[] {
  if (shown === undefined) return [];
  const items: readonly unknown[] = Array.isArray(shown) ? shown : [shown];
  return items.flat(2).map((item) => (typeof item === "string" ? item : jsonText(item)));
}
