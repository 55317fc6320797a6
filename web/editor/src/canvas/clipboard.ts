import { holdsItself } from "../subgraphs/entering";
import { type Clip, clipFrom, clipHtml, clipText, copied, paste } from "../graph/clipboard";
import type { Op } from "../graph/types";
import { toast } from "../shell/toast";
import { useWorkspace } from "../store/workspace";
import { middleOfView } from "./adding";
import { openAll } from "./dropping";
import { useFlow } from "./flow";
import { type Point, posAt } from "./geometry";
import { currentDoc, deleteSelection } from "./selection";
import { t } from "./strings";

/** Copies go through the system's clipboard as text, so they get from tab to tab and from window to window. */

const OFFSET_PX = 32;

/** Where the pointer last was over the canvas, on the screen: what is pasted goes there. */
let pointer: Point | null = null;

export function pointerAt(at: Point | null): void {
  pointer = at;
}

function selectedClip(): Clip | null {
  const { nodes, groups } = useWorkspace.getState().selection;
  return nodes.length + groups.length > 0 ? copied(currentDoc(), nodes, groups) : null;
}

/** Listen for the clipboard's events. What comes back ends it. */
export function startClipboard(): () => void {
  document.addEventListener("copy", onCopy);
  document.addEventListener("cut", onCut);
  document.addEventListener("paste", onPaste);
  return () => {
    document.removeEventListener("copy", onCopy);
    document.removeEventListener("cut", onCut);
    document.removeEventListener("paste", onPaste);
  };
}

function onCopy(event: ClipboardEvent): boolean {
  const clip = isElsewhere() ? null : selectedClip();
  if (!clip) return false;
  event.clipboardData?.setData("text/plain", clipText(clip));
  event.clipboardData?.setData("text/html", clipHtml(clip));
  event.preventDefault();
  return true;
}

function onCut(event: ClipboardEvent): void {
  if (onCopy(event)) deleteSelection();
}

function onPaste(event: ClipboardEvent): void {
  const data = event.clipboardData;
  if (!data || isElsewhere()) return;
  const files = [...data.files];
  const clip = clipFrom(data.getData("text/plain")) ?? clipFrom(data.getData("text/html"));
  if (!clip && files.length === 0) return;
  event.preventDefault();
  if (clip) pasteClip(clip, placeToPaste());
  else void openAll(files, placeToPaste());
}

/** Whether the keys belong to a field, or to text that is marked. */
function isElsewhere(): boolean {
  const focus = document.activeElement;
  if (focus?.closest("input, textarea, select, [contenteditable=true], [role=dialog]")) return true;
  return document.getSelection()?.type === "Range";
}

function placeToPaste(): Point {
  const { instance } = useFlow.getState();
  return (pointer && instance?.screenToFlowPosition(pointer)) ?? middleOfView();
}

function pasteClip(clip: Clip, at: Point, label: string = t.paste): void {
  const { ops, ids } = paste(currentDoc(), clip, posAt(at));
  if (holdsItself(ops)) {
    toast(t.inItself, "error");
    return;
  }
  const { edit, select } = useWorkspace.getState();
  edit(label, ops);
  select(ids, ops.flatMap(groupsAdded));
}

function groupsAdded(op: Op): number[] {
  return op.of === "groups" ? [op.id] : [];
}

/** A second one beside the first, not through the clipboard. */
export function duplicate(): void {
  const clip = selectedClip();
  const chosen = useFlow.getState().nodes.filter((node) => node.selected);
  if (!clip || chosen.length === 0) return;
  const x = Math.min(...chosen.map((node) => node.position.x)) + OFFSET_PX;
  const y = Math.min(...chosen.map((node) => node.position.y)) + OFFSET_PX;
  pasteClip(clip, { x, y }, t.duplicate);
}

/** For menus: browsers let a page write the clipboard on a click. */
export async function copySelection(): Promise<boolean> {
  const clip = selectedClip();
  if (!clip) return false;
  return guarded(async () => navigator.clipboard.writeText(clipText(clip)));
}

export async function cutSelection(): Promise<void> {
  if (await copySelection()) deleteSelection();
}

export async function pasteHere(): Promise<void> {
  const at = placeToPaste();
  await guarded(async () => {
    const clip = clipFrom(await navigator.clipboard.readText());
    if (clip) pasteClip(clip, at);
    else toast(t.nothingToPaste);
  });
}

/** The browser may not let a page at the clipboard: off a secure address, or if the user said no. */
async function guarded(task: () => Promise<void>): Promise<boolean> {
  try {
    await task();
    return true;
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    toast(t.noClipboard, "error");
    return false;
  }
}
