import type { Widget } from "../graph/types";

/** What each kind of widget is given. */
export interface WidgetProps {
  readonly widget: Widget;
  /** The accessible name, and the one that is shown. */
  readonly label: string;
  /** Its value comes through a wire. */
  readonly disabled: boolean;
  readonly invalid: boolean;
  /** The id of the element that says what is wrong. */
  readonly describedBy: string | undefined;
  /** `merging` for typing and stepping: what follows at once is one step to undo. */
  onChange(value: unknown, merging?: boolean): void;
}
