/** The parts of the page between which F6 goes, in their order, and in each where the focus goes to: the first found. */
const PARTS = {
  top: { root: ".topbar", first: ["[role=tab][aria-selected=true]", "button"] },
  rail: { root: ".rail", first: ["[aria-pressed=true]", "button"] },
  panel: { root: ".side", first: ["[role=treeitem][tabindex='0']", "input, button, a[href], summary, [tabindex='0']"] },
  canvas: { root: "main", first: [".react-flow__node.selected", ".react-flow__node", "button"] },
  compare: { root: ".compare", first: ["button"] },
} as const;

type PartName = keyof typeof PARTS;

/** Whether there was such a part, and something in it to go to. */
export function goToPart(name: PartName): boolean {
  const root = document.querySelector(PARTS[name].root);
  for (const selector of PARTS[name].first) {
    const found = [...(root?.querySelectorAll<HTMLElement>(selector) ?? [])].find((each) => each.checkVisibility());
    if (!found) continue;
    found.focus();
    return true;
  }
  return false;
}

/** To the next part that there is, or with -1 to the one before; round at the end. */
export function stepParts(by: 1 | -1): void {
  const names = Object.keys(PARTS) as PartName[];
  const here = names.findIndex((name) => document.querySelector(PARTS[name].root)?.contains(document.activeElement));
  const start = here < 0 && by < 0 ? 0 : here;
  for (let step = 1; step <= names.length; step += 1) {
    const name = names[(start + by * step + names.length * step) % names.length]!;
    if (goToPart(name)) return;
  }
}
