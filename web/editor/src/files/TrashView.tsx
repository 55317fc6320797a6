import { Icon } from "../shell/icons";
import { exactDate, shortDate } from "./dates";
import { useLibrary, type Trashed } from "./library";
import { emptyTrash, putBack } from "./manage";
import { files as text } from "./strings";

/** What was deleted, until it is deleted for good. Nothing is shown if there is nothing. */
export function TrashView() {
  const trash = useLibrary((library) => library.trash);
  if (trash.length === 0) return null;
  return (
    <details className="trash">
      <summary className="list-item">
        <Icon name="chevron" size={12} />
        <span className="file-name">{text.trash}</span>
        <span className="file-note">{trash.length}</span>
      </summary>
      <ul aria-label={text.trash}>
        {trash.map((each) => (
          <TrashedView key={each.path} trashed={each} />
        ))}
      </ul>
      <button type="button" className="btn small danger" onClick={() => void emptyTrash(trash)}>
        {text.emptyTrash}
      </button>
    </details>
  );
}

function TrashedView({ trashed }: { trashed: Trashed }) {
  const { place, deleted } = trashed;
  return (
    <li className="trashed">
      <span className="file-text" title={place}>
        <span className="file-name">{place}</span>
        <time className="file-note" dateTime={new Date(deleted).toISOString()} title={exactDate(deleted)}>
          {text.deletedAt(shortDate(deleted))}
        </time>
      </span>
      <button
        type="button"
        className="btn small"
        aria-label={text.putBackName(place)}
        onClick={() => void putBack(trashed)}
      >
        {text.putBack}
      </button>
    </li>
  );
}
