import { useState } from "react";
import { editNode } from "./edit";
import { usePlace } from "./slices";
import { t } from "./strings";

/** A title that a double click, or F2, makes a field. Without text it goes back to the name of the node's type. */
export function NodeTitle({ title, fallback }: { title: string; fallback: string }) {
  const place = usePlace();
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null) {
    return (
      <h3 className="node-title">
        <button
          type="button"
          title={title === fallback ? title : `${title} (${fallback})`}
          onDoubleClick={() => setDraft(title)}
          onKeyDown={(event) => {
            if (event.key === "F2") setDraft(title);
          }}
        >
          {title}
        </button>
      </h3>
    );
  }
  const end = (text: string) => {
    setDraft(null);
    const next = text.trim() || fallback;
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
      onBlur={() => end(draft)}
      onKeyDown={(event) => {
        if (event.key === "Enter") end(draft);
        if (event.key === "Escape") setDraft(null);
      }}
    />
  );
}
