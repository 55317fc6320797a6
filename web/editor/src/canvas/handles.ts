import type { DocInput } from "../graph/types";

/**
 * The names of the sockets for React Flow: `out:0` (the output's index), `in:0` (the index in `DocNode.inputs`), and
 * `widget:seed` for the socket of a widget. An input that belongs to a widget always has the latter name, whether the
 * document has a socket for it or not, and whether its node's type is known or not: so every link finds its socket.
 * A collapsed node still has all of them. Inputs are handles of React Flow type `target` at the left, outputs `source` at
 * the right. `useMisfit(node, id)` of `wire.ts` says which ones fade while a wire is drawn; a node's header is
 * `TITLE_HEIGHT` of `geometry.ts` high.
 */
export type Side = "in" | "out" | "widget";

export type Handle =
  | { readonly side: "in"; readonly slot: number }
  | { readonly side: "out"; readonly slot: number }
  | { readonly side: "widget"; readonly name: string };

export function handleId(side: Side, key: number | string): string {
  return `${side}:${key}`;
}

/** The socket of `DocNode.inputs[slot]`. */
export function inputHandleId(input: DocInput | undefined, slot: number): string {
  return input?.widget === undefined ? handleId("in", slot) : handleId("widget", input.widget);
}

/** Null if it is not the name of a socket. */
export function parseHandle(id: string | null | undefined): Handle | null {
  const [, side, key] = /^(in|out|widget):(.*)$/s.exec(id ?? "") ?? [];
  if (side === undefined || key === undefined) return null;
  if (side === "widget") return { side, name: key };
  return /^\d+$/.test(key) ? { side: side as "in", slot: Number(key) } : null;
}
