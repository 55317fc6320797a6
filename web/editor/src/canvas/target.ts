import { useWorkspace } from "../store/workspace";

/** What lies below the pointer. */
export type Target =
  | { readonly kind: "canvas" }
  | { readonly kind: "node"; readonly id: string }
  | { readonly kind: "group"; readonly id: number }
  | { readonly kind: "wire"; readonly id: number };

export function targetOf(element: Element): Target {
  const node = element.closest<HTMLElement>(".react-flow__node");
  const id = node?.dataset["id"];
  if (id !== undefined && node?.classList.contains("react-flow__node-graph")) return { kind: "node", id };
  if (id !== undefined) return { kind: "group", id: Number(id.split("/")[1]) };
  const wire = element.closest<SVGElement>(".react-flow__edge")?.dataset["id"];
  return wire === undefined ? { kind: "canvas" } : { kind: "wire", id: Number(wire) };
}

/** A menu is about the selection: what it was opened on is selected, unless it already is. */
export function selectTarget(target: Target): void {
  const { selection, select } = useWorkspace.getState();
  if (target.kind === "node" && !selection.nodes.includes(target.id)) select([target.id]);
  if (target.kind === "group" && !selection.groups.includes(target.id)) select([], [target.id]);
}
