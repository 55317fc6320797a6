import type { CSSProperties } from "react";
import { useIsFound } from "../canvas/find";
import { isCollapsed } from "../canvas/geometry";
import { useMarked } from "../compare/mark";
import type { DocNode, NodeSpec } from "../graph/types";
import { useNodeHeat } from "../panels/heat";
import { isWithin, useRun } from "../store/run";
import { useNodeSpec, usePlace } from "./slices";
import { t } from "./strings";
import { colored } from "./style";

const OWN_NAMES: Readonly<Record<string, string>> = {
  Note: t.note,
  MarkdownNote: t.note,
  Reroute: t.reroute,
  PrimitiveNode: "Primitive",
};

/** What a node's element says of it, near and from afar: its name, its colours, and how it does. */
export interface Looks {
  readonly spec: NodeSpec | undefined;
  /** The name of its type. */
  readonly name: string;
  readonly title: string;
  readonly looks: { readonly "aria-label": string; readonly style: CSSProperties } & Readonly<
    Record<`data-${string}`, string | number | true | undefined>
  >;
}

export function useLooks(node: DocNode, selected: boolean): Looks {
  const place = usePlace();
  const { tab, run: id } = place;
  const spec = useNodeSpec(place, node);
  const state = useRun((run) => run.runs[tab]?.nodes[id]?.state);
  const isFaulty = useRun((run) => run.faults[tab]?.some((fault) => isWithin(fault, id)) ?? false);
  const heat = useNodeHeat(tab, id);
  const isFound = useIsFound(place.id);
  const marked = useMarked(tab, id);
  const own = OWN_NAMES[node.type];
  const name = own ?? (spec?.display_name || node.type);
  const title = node.title ?? name;
  return {
    spec,
    name,
    title,
    looks: {
      "aria-label": title,
      "data-selected": selected || undefined,
      "data-state": state,
      "data-mode": node.mode || undefined,
      "data-collapsed": isCollapsed(node) || undefined,
      "data-fault": isFaulty || undefined,
      "data-found": isFound || undefined,
      "data-unknown": (!spec && own === undefined) || undefined,
      ...marked,
      ...colored(node, heat),
    },
  };
}
