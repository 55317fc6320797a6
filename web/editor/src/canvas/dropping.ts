import type { DragEvent } from "react";
import { openAny } from "../sharing/bundles";
import { addAt } from "./actions";
import { NODE_DRAG } from "./drag";
import { useFlow } from "./flow";
import { type Point, posAt } from "./geometry";

/** What is dropped onto the canvas: files, and node types out of the palette. */

export function onDragOver(event: DragEvent): void {
  const { types } = event.dataTransfer;
  if (!types.includes("Files") && !types.includes(NODE_DRAG)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}

export function onDrop(event: DragEvent): void {
  const at = useFlow.getState().instance?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
  const files = [...event.dataTransfer.files];
  const type = event.dataTransfer.getData(NODE_DRAG);
  if (files.length === 0 && type === "") return;
  event.preventDefault();
  if (type !== "") addAt(type, at);
  void openAll(files, at);
}

/** One after the other: each may add a node to the document that the one before it changed. */
export async function openAll(files: readonly File[], at: Point | undefined): Promise<void> {
  for (const [index, file] of files.entries()) {
    await openAny(file, at && posAt({ x: at.x + 32 * index, y: at.y + 32 * index }, "LoadImage"));
  }
}
