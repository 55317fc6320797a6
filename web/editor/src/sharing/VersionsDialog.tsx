import type { Version } from "../api/sharing";
import { ofVersion } from "../compare/sides";
import { compareSavedWith } from "../compare/store";
import { t as compare } from "../compare/strings";
import { placeOf } from "../files/names";
import { Dialog } from "../shell/Dialog";
import { sharing as text } from "./strings";
import { lookAt, nameVersion, restore, showVersions, useVersions, whenOf } from "./versions";
import "./sharing.css";

/** What a workflow of the library was before, to be looked at, named and restored. */
export function VersionsDialog() {
  const { path, versions, current } = useVersions();
  if (path === null || versions === null) return null;
  return (
    <Dialog open onOpenChange={() => void showVersions(null)} title={text.versionsTitle(placeOf(path))} wide>
      <p className="muted">{text.versionsText}</p>
      {versions.length === 0 && <p className="muted">{text.versionsNone}</p>}
      <ul className="rows" aria-label={text.versionsTitle(placeOf(path))}>
        {versions.map((version) => (
          <VersionRow key={version.id} path={path} version={version} isCurrent={version.id === current} />
        ))}
      </ul>
      <div className="dialog-actions">
        <button type="button" className="btn" onClick={() => void nameVersion(path, null)}>
          {text.nameNow}
        </button>
      </div>
    </Dialog>
  );
}

function VersionRow({ path, version, isCurrent }: { path: string; version: Version; isCurrent: boolean }) {
  const when = whenOf(version);
  return (
    <li>
      <span className="row-text">
        <span>{version.name ?? when}</span>
        <time className="muted" dateTime={version.saved}>
          {isCurrent ? text.current : version.name && when}
        </time>
      </span>
      <button
        type="button"
        className="btn small"
        aria-label={text.nameOf(when)}
        onClick={() => void nameVersion(path, version)}
      >
        {text.nameVersion}
      </button>
      <button
        type="button"
        className="btn small"
        aria-label={text.lookOf(when)}
        onClick={() => void lookAt(path, version)}
      >
        {text.look}
      </button>
      <button
        type="button"
        className="btn small"
        aria-label={compare.compareVersionOf(when)}
        onClick={() => compareVersion(path, version)}
      >
        {compare.compareVersion}
      </button>
      {!isCurrent && (
        <button
          type="button"
          className="btn small"
          aria-label={text.restoreOf(when)}
          onClick={() => void restore(path, version)}
        >
          {text.restore}
        </button>
      )}
    </li>
  );
}

/** What was done since. */
function compareVersion(path: string, version: Version): void {
  void showVersions(null);
  void compareSavedWith(path, whenOf(version), () => ofVersion(path, version));
}
