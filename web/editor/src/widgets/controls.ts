import type { ComponentType } from "react";
import { takesSeveral } from "../graph/inputs";
import type { Widget } from "../graph/types";
import { ColorWidget } from "./ColorWidget";
import { ComboWidget } from "./ComboWidget";
import { ImageWidget } from "./ImageWidget";
import { MultiComboWidget } from "./MultiComboWidget";
import { NodeInputWidget } from "./NodeInputWidget";
import { NumberWidget } from "./NumberWidget";
import type { WidgetProps } from "./props";
import { ControlWidget, SeedWidget } from "./SeedWidget";
import { TextWidget } from "./TextWidget";
import { ToggleWidget } from "./ToggleWidget";

const KINDS: Readonly<Record<Widget["kind"], ComponentType<WidgetProps>>> = {
  int: NumberWidget,
  float: NumberWidget,
  text: TextWidget,
  multiline: TextWidget,
  toggle: ToggleWidget,
  combo: ComboWidget,
  color: ColorWidget,
  image: ImageWidget,
  control: ControlWidget,
};

/** A choice may be of several, a whole number a colour, a text an input's name; one with a control after it is a seed. */
export function controlOf({ kind, spec }: Widget, hasControl: boolean): ComponentType<WidgetProps> {
  if (kind === "combo" && takesSeveral(spec.options)) return MultiComboWidget;
  if (kind === "int" && spec.options["display"] === "color") return ColorWidget;
  if (kind === "text" && spec.options["node_input"]) return NodeInputWidget;
  return hasControl ? SeedWidget : KINDS[kind];
}
