import { BadValues, valuesIn } from "../graph/sweep_values";
import type { Widget } from "../graph/types";

/** What a text lists for a widget, or what is wrong with it. */
export interface Read {
  readonly labels: readonly string[];
  readonly wrong: string | null;
}

export function readAxis(text: string, { spec, value }: Pick<Widget, "spec" | "value">): Read {
  try {
    return { labels: valuesIn(text, spec, value), wrong: null };
  } catch (error) {
    if (error instanceof BadValues) return { labels: [], wrong: error.message };
    throw error;
  }
}
