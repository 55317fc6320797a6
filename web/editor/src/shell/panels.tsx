import type { ComponentType } from "react";
import { LibraryPanel } from "../files/LibraryPanel";
import { OutlinePanel } from "../outline/OutlinePanel";
import { enterOutline } from "../outline/store";
import { GalleryPanel } from "../panels/GalleryPanel";
import { ProblemsPanel } from "../panels/ProblemsPanel";
import { QueuePanel } from "../panels/QueuePanel";
import type { IconName } from "./icons";
import { NodeHelp } from "./NodeHelp";
import { NodePalette } from "./NodePalette";
import { Panel as Framed } from "./Panel";
import { t } from "./strings";

export type PanelId = keyof typeof t.shell.panels;

export interface Panel {
  readonly id: PanelId;
  readonly icon: IconName;
  readonly keys: string;
  readonly Body: ComponentType;
  /** What its key does, if that is not to open and to close it. */
  enter?(): void;
}

/** The panels of the rail, from top to bottom. */
export const PANELS: readonly Panel[] = [
  { id: "library", icon: "library", keys: "W", Body: Library },
  { id: "nodes", icon: "nodes", keys: "N", Body: NodePalette },
  { id: "outline", icon: "outline", keys: "O", Body: OutlinePanel, enter: enterOutline },
  { id: "queue", icon: "queue", keys: "Q", Body: QueuePanel },
  { id: "gallery", icon: "gallery", keys: "G", Body: GalleryPanel },
  { id: "problems", icon: "problems", keys: "E", Body: ProblemsPanel },
  { id: "help", icon: "help", keys: "F1", Body: NodeHelp },
];

function Library() {
  return (
    <Framed title={t.shell.panels.library}>
      <LibraryPanel />
    </Framed>
  );
}
