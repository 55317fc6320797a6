import { useEffect, useState } from "react";
import { Icon } from "../shell/icons";
import { FolderView } from "./FolderView";
import { refreshLibrary, treeOf, useLibrary } from "./library";
import { files as text } from "./strings";
import { showTemplates } from "./templates";
import "./library.css";

/** The workflows that the user saved on the server. */
export function LibraryPanel() {
  const { state, files } = useLibrary();
  const [query, setQuery] = useState("");
  useEffect(() => void refreshLibrary(), []);

  return (
    <div className="library">
      <div className="library-tools">
        <input
          type="search"
          value={query}
          aria-label={text.searchLibrary}
          placeholder={text.searchLibrary}
          onChange={(event) => setQuery(event.target.value)}
        />
        <button
          type="button"
          className="icon-btn"
          aria-label={text.refresh}
          title={text.refresh}
          onClick={refreshLibrary}
        >
          <Icon name="refresh" />
        </button>
      </div>
      <Found state={state} files={files} query={query.trim()} />
      <button type="button" className="btn" onClick={() => showTemplates(true)}>
        {text.browseTemplates}
      </button>
    </div>
  );
}

function Found({ state, files, query }: ReturnType<typeof useLibrary.getState> & { query: string }) {
  if (state === "failed") return <Failed />;
  if (state === "loading") return <p className="empty">{text.loading}</p>;
  const tree = treeOf(files, query);
  const isEmpty = tree.files.length + tree.folders.length === 0;
  if (isEmpty && query) return <p className="empty">{text.nothingFound(query)}</p>;
  if (isEmpty) return <Empty />;
  return <FolderView folder={tree} open={query !== ""} label={text.library} />;
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
      <button type="button" className="btn" onClick={refreshLibrary}>
        {text.tryAgain}
      </button>
    </div>
  );
}
