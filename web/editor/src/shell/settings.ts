import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { SortBy } from "../files/tree";

export type Theme = "system" | "light" | "dark";

/** How much of a workflow the server puts into the files that it saves. */
export type Embed = "full" | "recipe" | "none";

/** What the user likes. Kept in this browser, and by `settings_sync.ts` on the server. */
export interface Settings {
  readonly theme: Theme;
  /** Whether nodes move in steps of `GRID_PX`. */
  readonly snap: boolean;
  readonly minimap: boolean;
  /** Whether unfinished pictures are shown while a node works. */
  readonly previews: boolean;
  readonly embed: Embed;
  /** Whether the system is to tell that a run has ended while the page is not seen. */
  readonly notify: boolean;
  /** Whether closing a tab with unsaved changes asks first. */
  readonly confirmClose: boolean;
  /** What the library's files are sorted by, in their folders. */
  readonly sortBy: SortBy;
  /** The panel that is open at the side. */
  readonly panel: string | null;
}

export const GRID_PX = 8;

export const DEFAULTS: Settings = {
  theme: "system",
  snap: false,
  minimap: true,
  previews: true,
  embed: "full",
  notify: false,
  confirmClose: true,
  sortBy: "name",
  panel: null,
};

/** The values that a setting can have, where its type does not say it. */
const CHOICES: Partial<Record<keyof Settings, readonly unknown[]>> = {
  theme: ["system", "light", "dark"],
  embed: ["full", "recipe", "none"],
  sortBy: ["name", "newest"],
};

/** Whether a setting can have this value: it may come from another version of the editor. */
export function fits(key: keyof Settings, value: unknown): boolean {
  return CHOICES[key]?.includes(value) ?? typeof value === typeof DEFAULTS[key];
}

export const useSettings = create<Settings>()(
  persist((): Settings => DEFAULTS, { name: "wireloom.settings", version: 1 }),
);

/** Open a panel, or close it if it is open. */
export function togglePanel(panel: string): void {
  useSettings.setState((settings) => ({ panel: settings.panel === panel ? null : panel }));
}

/** Put the theme on the page, now and whenever it changes. */
export function startTheme(): () => void {
  const show = ({ theme }: Settings) => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  };
  show(useSettings.getState());
  return useSettings.subscribe(show);
}
