import { api } from "../api/client";
import { picturesOfNode } from "../panels/pictures";
import { useViewer } from "../panels/viewer_store";
import { useRun } from "../store/run";
import { usePlace } from "./slices";
import { t } from "./strings";
import "./output.css";

/** As many pictures as a node shows at once; the viewer has them all. */
const SHOWN = 9;

/** The preview while a node works, and what it showed when it was done: pictures that open in the viewer, and texts. */
export function NodeOutput() {
  const { tab, id } = usePlace();
  const preview = useRun((run) => run.runs[tab]?.nodes[id]?.preview);
  const isRunning = useRun((run) => run.runs[tab]?.nodes[id]?.state === "running");
  const output = useRun((run) => run.runs[tab]?.nodes[id]?.output);
  if (preview && isRunning) return <img className="node-preview" src={preview} alt={t.preview} draggable={false} />;
  const texts = textsOf(output?.["text"]);
  return (
    <>
      <Pictures output={output} />
      {texts.map((text, at) => (
        <pre key={at} className="node-text nodrag nowheel">
          {text}
        </pre>
      ))}
    </>
  );
}

function Pictures({ output }: { output: Readonly<Record<string, readonly unknown[]>> | undefined }) {
  const { tab, id } = usePlace();
  const pictures = picturesOfNode(output, id);
  if (pictures.length === 0) return null;
  const show = (index: number) => {
    const jobId = useRun.getState().runs[tab]?.jobId;
    useViewer.getState().show(
      pictures.map((picture) => ({ ...picture, ...(jobId ? { jobId } : {}) })),
      index,
    );
  };
  return (
    <div className="node-pictures" data-count={Math.min(pictures.length, SHOWN)}>
      {pictures.slice(0, SHOWN).map((picture, index) => (
        <button
          key={`${picture.subfolder}/${picture.filename}`}
          type="button"
          className="node-picture nodrag"
          aria-label={t.openImage(picture.filename)}
          onClick={() => show(index)}
        >
          <img src={api.viewUrl(picture, { preview: "webp;85" })} alt="" draggable={false} />
          {index === SHOWN - 1 && pictures.length > SHOWN && <span>{t.moreImages(pictures.length - SHOWN)}</span>}
        </button>
      ))}
    </div>
  );
}

/** Nodes show a text, a list of texts, or values: each as text. */
function textsOf(shown: unknown): string[] {
  if (shown === undefined) return [];
  const items: readonly unknown[] = Array.isArray(shown) ? shown : [shown];
  return items.flat(2).map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
}
