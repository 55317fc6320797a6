import { colorNames, t as canvas } from "../canvas/strings";
import { t as compare } from "../compare/strings";
import { files } from "../files/strings";
import { t as form } from "../form/strings";
import { graph, sweep } from "../graph/strings";
import { t as mask } from "../mask/strings";
import { t as nodes } from "../nodes/strings";
import { t as outline } from "../outline/strings";
import { t as panels } from "../panels/strings";
import { t as subgraphs } from "../subgraphs/strings";
import { sharing } from "../sharing/strings";
import { t as verify } from "../verify/strings";
import { t as sweeps } from "../sweep/strings";
import { t as widgets } from "../widgets/strings";
import { commands, nodeHelp, nodePalette, palette, settings, shell, shortcuts, welcome } from "./texts";

/**
 * Every visible text of the editor, by the part of the page that says it: what a translation has to replace. The linter
 * (`jsx-no-literals`) sees to it that components hold none.
 */
export const t = {
  shell,
  commands,
  welcome,
  palette,
  shortcuts,
  settings,
  nodePalette,
  nodeHelp,
  graph,
  canvas,
  colorNames,
  nodes,
  subgraphs,
  widgets,
  outline,
  panels,
  mask,
  files,
  form,
  sharing,
  compare,
  verify,
  sweep,
  sweeps,
} as const;
