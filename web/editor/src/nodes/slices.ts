import { createContext, useContext } from "react";
import { specOf } from "../graph/subgraphs";
import type { Doc, DocNode, NodeId, NodeSpec } from "../graph/types";
import { isWithin, useRun, type Fault } from "../store/run";
import { useSpec, useSpecs } from "../store/specs";
import { shownDoc, useWorkspace, type Workspace } from "../store/workspace";
import { linkedOf } from "./linked";

/** Which node the components below draw. */
export interface Place {
  readonly tab: string;
  readonly id: NodeId;
  /** What the server calls it: inside of subgraphs, after the nodes that were entered (`5:2`). */
  readonly run: string;
}

export const PlaceContext = createContext<Place>({ tab: "", id: "", run: "" });

export function usePlace(): Place {
  return useContext(PlaceContext);
}

function docOf(workspace: Workspace, tab: string): Doc | undefined {
  const open = workspace.tabs.find((each) => each.id === tab);
  return open && shownDoc(open);
}

export function useDocNode({ tab, id }: Place): DocNode | undefined {
  return useWorkspace((workspace) => docOf(workspace, tab)?.nodes[id]);
}

/** What a node is: a type of the server, or what only its document or this editor knows, such as a subgraph. */
export function useNodeSpec({ tab }: Place, node: DocNode): NodeSpec | undefined {
  const spec = useSpec(node.type);
  const others = useSpecs(({ specs }) => (spec ? null : specs));
  const own = useWorkspace((workspace) => {
    const doc = others && docOf(workspace, tab);
    return doc ? specOf(doc, node, others) : undefined;
  });
  return spec ?? own;
}

/** The wired sockets on one side of a node, as text: see `linked.ts`. */
export function useLinked({ tab, id }: Place, side: "in" | "out"): string {
  return useWorkspace((workspace) => {
    const doc = docOf(workspace, tab);
    return doc ? linkedOf(doc, id)[side] : ",";
  });
}

/** What is wrong at one input of a node; at the node itself or inside of it, if `input` is null. */
export function useFault({ tab, run: id }: Place, input: string | null): string | undefined {
  return useRun(({ faults }) => {
    const own = faults[tab]?.find((each) => each.node === id && each.input === input);
    if (own || input !== null) return own && textOf(own);
    const inner = faults[tab]?.find((each) => isWithin(each, id) && each.node !== id);
    return inner && [inner.input ?? [], textOf(inner)].flat().join(": ");
  });
}

/** The details if they say more, in a line: a traceback is for the list of problems. */
function textOf({ message, details, input }: Fault): string {
  const isMore = details !== "" && details !== input && !details.includes("\n") && !message.includes(details);
  return isMore ? `${message}: ${details}` : message;
}

/** The document as it is now; for handlers, which must not draw anything again when it changes. */
export function currentDoc({ tab }: Place): Doc | undefined {
  return docOf(useWorkspace.getState(), tab);
}
