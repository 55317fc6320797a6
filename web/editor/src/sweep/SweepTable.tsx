import { download } from "../files/download";
import { isGone, markGone, useGone } from "../panels/gone";
import { thumbnailUrl } from "../panels/job_pictures";
import { useViewer } from "../panels/viewer_store";
import { SWEEPERS } from "../graph/sweep";
import { Dialog } from "../shell/Dialog";
import { Icon } from "../shell/icons";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { countsOf, csvOf, ranIn, type Accounts, type Cell } from "./results";
import { t } from "./strings";
import { closeTable, useSweepTable, type SweepRun } from "./table";
import { inputName, takeValues, valuesText } from "./taking";

/** The cells of a sweep: the values, the picture, and what ran for it. */
export function SweepTable() {
  const run = useSweepTable((store) => store.open);
  if (!run) return null;
  return (
    <Dialog open onOpenChange={closeTable} title={t.table.title} wide>
      <Summary />
      <div className="sweep-scroll">
        <Cells run={run} />
      </div>
      <Actions run={run} />
    </Dialog>
  );
}

/** How often nodes ran in all: what the cells share ran once. */
function Summary() {
  const accounts = useSweepTable((store) => store.accounts);
  const specs = useSpecs((store) => store.specs);
  if (accounts === null) return <p className="muted">{t.table.loading}</p>;
  if (accounts === undefined) return <p className="muted">{t.table.shared(t.table.unknown)}</p>;
  const isOwn = (type: string) => SWEEPERS.includes(type) || Boolean(specs[type]?.dev_only);
  const counts = countsOf(accounts, isOwn).map(([type, count]) => t.table.times(titleOf(type), count));
  return <p className="muted">{t.table.shared(counts.join(", ") || t.table.nothingRan)}</p>;
}

function titleOf(type: string): string {
  return useSpecs.getState().specs[type]?.display_name || type;
}

function Cells({ run: { sweep, jobId } }: { run: SweepRun }) {
  const doc = useWorkspace((workspace) => activeTab(workspace).doc);
  const specs = useSpecs((store) => store.specs);
  const accounts = useSweepTable((store) => store.accounts);
  return (
    <table className="sweep-table">
      <caption className="visually-hidden">{t.table.caption(sweep.cells.length)}</caption>
      <thead>
        <tr>
          {sweep.axes.map(({ input }) => (
            <th key={input} scope="col">
              {inputName(doc, specs, input)}
            </th>
          ))}
          <th scope="col">{t.table.picture}</th>
          <th scope="col">{t.table.ran}</th>
          <th scope="col">{t.table.action}</th>
        </tr>
      </thead>
      <tbody>
        {sweep.cells.map((cell, at) => {
          const words = valuesText(doc, specs, sweep.axes, cell);
          return (
            <tr key={at}>
              {cell.labels.map((label, axis) => (
                <td key={axis}>{label}</td>
              ))}
              <td>
                <Thumbnail cell={cell} name={words} onOpen={() => openCell(sweep.cells, cell, jobId)} />
              </td>
              <td>{ranText(cell, accounts)}</td>
              <td>
                <button
                  type="button"
                  className="btn small"
                  aria-label={t.table.useOf(words)}
                  onClick={() => takeValues(sweep, cell)}
                >
                  {t.table.use}
                </button>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Thumbnail({ cell, name, onOpen }: { cell: Cell; name: string; onOpen(): void }) {
  const gone = useGone();
  const picture = cell.pictures.find((each) => !isGone(gone, each, undefined));
  if (!picture) return <span className="muted">{t.table.noPicture}</span>;
  return (
    <button type="button" className="sweep-thumb" aria-label={t.table.openPicture(name)} onClick={onOpen}>
      <img src={thumbnailUrl(picture)} alt="" loading="lazy" decoding="async" onError={() => markGone(picture)} />
    </button>
  );
}

/** All cells in the viewer, so that one goes from one to the next. */
function openCell(cells: readonly Cell[], cell: Cell, jobId: string): void {
  const shown = cells.flatMap(({ pictures }) => pictures.map((picture) => ({ ...picture, jobId })));
  useViewer.getState().show(
    shown,
    shown.findIndex(({ filename }) => filename === cell.pictures[0]?.filename),
  );
}

function ranText(cell: Cell, accounts: Accounts | null | undefined): string {
  if (accounts === null) return t.table.loading;
  if (accounts === undefined) return t.table.unknown;
  return ranIn(cell, accounts).map(titleOf).join(", ") || t.table.remembered;
}

function Actions({ run: { sweep, jobId } }: { run: SweepRun }) {
  const name = useWorkspace((workspace) => activeTab(workspace).name);
  const accounts = useSweepTable((store) => store.accounts) ?? null;
  const csv = () => {
    const { doc } = activeTab(useWorkspace.getState());
    const names = sweep.axes.map(({ input }) => inputName(doc, useSpecs.getState().specs, input));
    return csvOf(sweep, names, accounts);
  };
  const { sheet } = sweep;
  return (
    <div className="dialog-actions sweep-actions">
      {sheet && (
        <button type="button" className="btn" onClick={() => useViewer.getState().show([{ ...sheet, jobId }], 0)}>
          {t.table.sheet}
        </button>
      )}
      <button type="button" className="btn" onClick={() => void copy(csv())}>
        {t.table.copy}
      </button>
      <button
        type="button"
        className="btn"
        onClick={() => download(new Blob([csv()], { type: "text/csv" }), t.table.file(name))}
      >
        <Icon name="download" size={14} />
        {t.table.download}
      </button>
    </div>
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text); // not there on pages that came over plain http
    toast(t.table.copied, "ok");
  } catch {
    toast(t.table.notCopied, "error");
  }
}
