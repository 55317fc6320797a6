import { sharing as text } from "./strings";
import "./sharing.css";

/** The tags that there are, to show only what has one of them. Nothing is shown if there are none. */
export function TagFilter({
  tags,
  chosen,
  onChoose,
}: {
  tags: readonly string[];
  chosen: string | null;
  onChoose(tag: string | null): void;
}) {
  if (tags.length === 0) return null;
  return (
    <div className="tag-filter" role="group" aria-label={text.tagFilter}>
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          className="btn small"
          aria-pressed={tag === chosen}
          onClick={() => onChoose(tag === chosen ? null : tag)}
        >
          {tag}
        </button>
      ))}
    </div>
  );
}
