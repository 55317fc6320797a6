import { useState } from "react";
import { beginRename, endRename, useIsRenamed } from "../canvas/renaming";
import { editNode } from "./edit";
import { usePlace } from "./slices";
import { t } from "./strings";

/** A title that a double click, or F2, makes a field. Without text it goes back to the name of the node's type. */
export function NodeTitle({ title, fallback }: { title: string; fallback: string }) {
  const place = usePlace();
  const isRenamed = useIsRenamed(place.id);
  if (!isRenamed) {
    return (
      <h3 className="node-title">
        <button
          type="button"
          title={title === fallback ? title : `${title} (${fallback})`}
          onDoubleClick={() => beginRename(place.id)}
          onKeyDown={(event) => {
            if (event.key === "F2") beginRename(place.id);
          }}
        >
          {title}
        </button>
      </h3>
    );
  }
  return <TitleField title={title} fallback={fallback} />;
}

function TitleField({ title, fallback }: { title: string; fallback: string }) {
  const place = usePlace();
  const [draft, setDraft] = useState(title);
  const end = () => {
    endRename();
    const next = draft.trim() || fallback;
    if (next !== title) editNode(place, t.rename, { title: next });
  };
  return (
    <input
      type="text"
      className="node-title-field nodrag"
      aria-label={t.title}
      autoFocus
      value={draft}
      onFocus={({ target }) => target.select()}
      onChange={({ target }) => setDraft(target.value)}
      onBlur={end}
      onKeyDown={(event) => {
        if (event.key === "Enter") end();
        if (event.key === "Escape") endRename();
      }}
    />
  );
}
