import { useEffect, useState } from "react";
import { tagged, tagsOf } from "../sharing/tags";
import { TagFilter } from "../sharing/TagFilter";
import { Icon } from "../shell/icons";
import { useSettings } from "../shell/settings";
import { FolderView } from "./FolderView";
import { refreshLibrary, useLibrary } from "./library";
import { files as text } from "./strings";
import { showTemplates } from "./templates";
import { TrashView } from "./TrashView";
import type { SortBy } from "./tree";
import "./library.css";

/** The workflows that the user saved on the server. */
export function LibraryPanel() {
  const [query, setQuery] = useState("");
  const [chosen, setTag] = useState<string | null>(null);
  const { files, tags: all } = useLibrary();
  const tags = tagsOf(files, all);
  const tag = chosen !== null && tags.includes(chosen) ? chosen : null; // its last may be gone
  const isEmpty = useLibrary((library) => library.files.length === 0);
  useEffect(() => void refreshLibrary(), []);

  return (
    <div className="library">
      {!isEmpty && <Tools query={query} onQuery={setQuery} />}
      <TagFilter tags={tags} chosen={tag} onChoose={setTag} />
      <Found query={query.trim()} tag={tag} />
      <TrashView />
      <button type="button" className="btn" onClick={() => showTemplates(true)}>
        {text.browseTemplates}
      </button>
    </div>
  );
}

function Tools({ query, onQuery }: { query: string; onQuery(query: string): void }) {
  const sortBy = useSettings((settings) => settings.sortBy);
  return (
    <div className="library-tools">
      <input
        type="search"
        value={query}
        aria-label={text.searchLibrary}
        placeholder={text.search}
        onChange={(event) => onQuery(event.target.value)}
      />
      <select
        value={sortBy}
        aria-label={text.sortBy}
        onChange={(event) => useSettings.setState({ sortBy: event.target.value as SortBy })}
      >
        <option value="name">{text.byName}</option>
        <option value="newest">{text.byAge}</option>
      </select>
      <button
        type="button"
        className="icon-btn"
        aria-label={text.refresh}
        title={text.refresh}
        onClick={() => void refreshLibrary()}
      >
        <Icon name="refresh" />
      </button>
    </div>
  );
}

function Found({ query, tag }: { query: string; tag: string | null }) {
  const { state, files, tags } = useLibrary();
  const sortBy = useSettings((settings) => settings.sortBy);
  if (state === "failed") return <Failed />;
  if (state === "loading") return <p className="empty">{text.loading}</p>;
  if (files.length === 0) return <Empty />;
  return <FolderView files={tagged(files, tags, tag)} query={query} sortBy={sortBy} />;
}

function Empty() {
  return (
    <div className="empty">
      <p>{text.emptyLibrary}</p>
      <p>{text.emptyLibraryHint}</p>
    </div>
  );
}

function Failed() {
  return (
    <div className="empty" role="alert">
      <p>{text.libraryFailed}</p>
      <button type="button" className="btn" onClick={() => void refreshLibrary()}>
        {text.tryAgain}
      </button>
    </div>
  );
}
