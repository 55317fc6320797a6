import { create } from "zustand";
import { useSettings } from "../shell/settings";
import { activeTab, pathText, useWorkspace } from "../store/workspace";

/** How the outline of the active tab is looked at. */
export interface Outline {
  readonly tab: string;
  /** The level of it that is shown, as the ids of its nodes begin at the server: `5:2:`. */
  readonly prefix: string;
  /** The lines that are not as they are at first: nodes that are open, outputs that are closed. */
  readonly toggled: ReadonlySet<string>;
  /** The line that Tab leads to; if it is gone, the one now in its place. */
  readonly active: { readonly key: string; readonly at: number };
  /** The line of which the value, or the title, is a field now. */
  readonly editing: string | null;
  /** Whether the active line is to get the focus as soon as it is there. */
  readonly wanted: boolean;
}

const TOP = { key: "", at: 0 };

export const useOutline = create<Outline>()(() => ({
  tab: "",
  prefix: "",
  toggled: new Set(),
  active: TOP,
  editing: null,
  wanted: false,
}));

/** Another tab is another tree, and so is another level of subgraphs. */
export function showTree(tab: string, prefix: string): void {
  const shown = useOutline.getState();
  if (shown.tab === tab && shown.prefix === prefix) return;
  useOutline.setState({ tab, prefix, toggled: new Set(), active: TOP, editing: null });
}

export function toggleLine(key: string): void {
  const toggled = new Set(useOutline.getState().toggled);
  if (!toggled.delete(key)) toggled.add(key);
  useOutline.setState({ toggled });
}

/** Make a line the active one, and give it the focus. */
export function goToLine(key: string, at: number): void {
  useOutline.setState({ active: { key, at }, editing: null, wanted: true });
}

export function editLine(key: string | null): void {
  useOutline.setState(key === null ? { editing: null, wanted: true } : { editing: key });
}

/** Open the outline if it is closed, and go into it. */
export function enterOutline(): void {
  const tab = activeTab(useWorkspace.getState());
  showTree(tab.id, pathText(tab));
  useSettings.setState({ panel: "outline" });
  useOutline.setState({ wanted: true });
}
