import { json } from "./http";

/** A node, by its ids in the workflows `a` and `b`; null where it is not there. `5:2` is node 2 inside of node 5. */
export interface NodeName {
  readonly a: string | null;
  readonly b: string | null;
  readonly type: string;
  readonly title: string | null;
}

/** An output that feeds an input. */
export interface Feed {
  readonly node: NodeName;
  readonly slot: number;
  readonly output: string;
}

interface Changed<T> {
  readonly node: NodeName;
  readonly before: T;
  readonly after: T;
}

export type NodeChange = Changed<unknown> & { readonly what: "type" | "title" | "mode" | "exposes" };
export type ValueChange = Changed<unknown> & { readonly input: string };
/** Where nothing feeds the input, it may have a constant: `value`. */
export type LinkChange = Changed<Feed | null> & { readonly input: string; readonly value: unknown };

/** What makes workflow `b` another than `a`. */
export interface Difference {
  readonly equal: boolean;
  readonly only_a: readonly NodeName[];
  readonly only_b: readonly NodeName[];
  readonly nodes: readonly NodeChange[];
  readonly values: readonly ValueChange[];
  readonly links: readonly LinkChange[];
}

/** Two workflows, each in either format. */
export function diff(a: unknown, b: unknown): Promise<Difference> {
  return json("POST", "v1/workflows/diff", { body: { a, b } });
}
