import { jsonText } from "../graph/json";
import type { Widget } from "../graph/types";
import { t as widgets } from "../widgets/strings";
import { t } from "./strings";

const SHOWN_CHARACTERS = 80;

/** A widget's value in a few words of one line. */
export function valueText({ kind, value, spec }: Widget): string {
  if (kind === "control") return widgets.controls[value as keyof typeof widgets.controls] ?? String(value);
  if (typeof value === "boolean")
    return String(spec.options[value ? "label_on" : "label_off"] ?? (value ? t.on : t.off));
  if (value === undefined || value === null || value === "") return t.emptyText;
  const text = (typeof value === "string" ? value : jsonText(value)).replaceAll(/\s+/g, " ");
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
