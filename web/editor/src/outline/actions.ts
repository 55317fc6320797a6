import { deleteSelection } from "../canvas/actions";
import { openConnect } from "../canvas/connect_list";
import { keyOf } from "../canvas/wire";
import { disconnect } from "../graph/edits";
import type { Widget } from "../graph/types";
import { t as canvas } from "../canvas/strings";
import { goTo } from "../panels/go_to";
import { activeDoc, activeTab, pathText, useWorkspace } from "../store/workspace";
import { say } from "../shell/speech";
import { editValue } from "../nodes/edit";
import type { InputLine, Row } from "./rows";
import { editLine } from "./store";
import { t } from "./strings";
import { valueText } from "./value";

/** What is done to a line of the outline, by keys or a click. */

/** Enter: to the node, to the value, or to what the socket can be wired to. */
export function enterLine(row: Row): void {
  if (row.kind === "node") goTo(runId(row.node));
  else if (row.kind === "link") goTo(runId(row.link.to));
  else if (row.kind === "input" && row.widget?.kind === "toggle" && !row.link) flip(row, row.widget);
  else if (row.kind === "input" && row.widget && !row.link) editLine(row.key);
  else connectLine(row);
}

/** What the server calls a node of the level that is shown. */
function runId(id: string): string {
  return `${pathText(activeTab(useWorkspace.getState()))}${id}`;
}

/** A switch needs no field. */
function flip(row: InputLine, widget: Widget): void {
  const value = widget.value !== true;
  editValue(
    { tab: useWorkspace.getState().active, id: row.node, run: runId(row.node) },
    widget.name,
    widget.index,
    value,
  );
  say(t.edited(row.name, valueText({ ...widget, value })));
}

/** List what the line's socket, or any socket of its node, can be wired to. */
export function connectLine(row: Row): void {
  const handle = row.kind === "input" || row.kind === "output" ? row.handle : null;
  if (row.kind === "node") openConnect(row.node);
  else if (handle) openConnect(row.node, keyOf(handle));
}

/** Remove the node with all others that are selected with it, or the wire. */
export function removeLine(row: Row): void {
  const workspace = useWorkspace.getState();
  if (row.kind === "node") {
    if (!workspace.selection.nodes.includes(row.node)) workspace.select([row.node]);
    deleteSelection();
  } else if (row.kind !== "output" && row.link) {
    workspace.edit(canvas.disconnect, disconnect(activeDoc(workspace), row.link.id));
  }
}

/** Add the line's node to the selection, or take it out. */
export function toggleSelected({ node }: Row): void {
  const { selection, select } = useWorkspace.getState();
  const others = selection.nodes.filter((id) => id !== node);
  select(others.length < selection.nodes.length ? others : [...others, node], selection.groups);
}
