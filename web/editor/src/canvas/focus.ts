const TRIES = 20;

/**
 * Move the focus to a node, as soon as it can take it: a new one is hidden until it is measured. One that has put it into
 * a field of its own keeps it there.
 */
export function focusNode(id: string, tries = TRIES): void {
  requestAnimationFrame(() => {
    const nodes = document.querySelectorAll<HTMLElement>(".react-flow__node");
    const node = [...nodes].find((each) => each.dataset["id"] === id);
    if (node?.contains(document.activeElement)) return;
    node?.focus({ preventScroll: true });
    if (tries > 0 && document.activeElement !== node) focusNode(id, tries - 1);
  });
}
