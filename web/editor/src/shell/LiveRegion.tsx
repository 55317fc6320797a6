import { useSpeech } from "./speech";

/** Where screen readers hear of what happens elsewhere on the page: `say` writes it. */
export function LiveRegion() {
  const { text, id } = useSpeech();
  return (
    <div className="visually-hidden" role="status" aria-live="polite" aria-atomic="true">
      <span key={id}>{text}</span>
    </div>
  );
}
