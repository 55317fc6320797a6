import { create } from "zustand";

export type Tool = "brush" | "eraser";

/** What is painted with; it stays while the page is open. */
export interface Tools {
  readonly tool: Tool;
  /** The brush's diameter, in pixels of the picture; 0 until a picture was opened. */
  readonly size: number;
  /** 0 to 1. */
  readonly feather: number;
  /** How much of the picture the shown mask hides, 0 to 1. */
  readonly cover: number;
}

export const useTools = create<Tools>()(() => ({ tool: "brush", size: 0, feather: 0, cover: 0.75 }));

/** Where the picture's name stands: a widget of a node of the active workflow. */
export interface MaskTarget {
  readonly node: string;
  readonly name: string;
  readonly index: number;
  /** As the widget has it: `folder/name.png [input]`. */
  readonly value: string;
}

/** The picture whose mask is edited, if any. */
export const useMaskEditor = create<{ target: MaskTarget | null }>()(() => ({ target: null }));

export function editMask(target: MaskTarget | null): void {
  useMaskEditor.setState({ target });
}
