function canvas(): HTMLElement | null {
  return document.querySelector<HTMLElement>(".canvas");
}

/** A mark that `canvas.css` reads, set without drawing anything again: that the view moves. */
export function beginMove(): void {
  canvas()?.toggleAttribute("data-moving", true);
}

export function endMove(): void {
  canvas()?.toggleAttribute("data-moving", false);
}

const RECEIVES = "data-receives";

/** Marks the wire that a node would be put into if it were let go now; null for none. */
export function markReceiving(link: number | null): void {
  const marked = canvas()?.querySelector(`[${RECEIVES}]`);
  const wire = link === null ? null : canvas()?.querySelector(`.react-flow__edge[data-id="${link}"]`);
  if (marked === (wire ?? null)) return;
  marked?.removeAttribute(RECEIVES);
  wire?.setAttribute(RECEIVES, "");
}
