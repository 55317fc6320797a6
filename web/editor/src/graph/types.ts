/**
 * A workflow as it is edited: ComfyUI's UI format, taken apart so that each thing has a place of its own. `rest` is the
 * entry as it was read, with what the editor does not know of; it is saved again as it came, but for what was changed. All
 * values are immutable: an edit makes new ones.
 */

export type NodeId = string;
/** A whole number that JavaScript would round is a bigint. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
export type Rest = Readonly<Record<string, unknown>>;

/** How a node runs: 0 as usual, 2 never (muted), 4 passed through (bypassed). */
export type Mode = number;
export const ALWAYS = 0;
export const MUTED = 2;
export const BYPASSED = 4;

export interface DocInput {
  readonly name: string;
  readonly type: string;
  /** Set if the input is a widget turned socket: both exist, the link wins. */
  readonly widget?: string;
  readonly rest: Rest;
}

export interface DocOutput {
  readonly name: string;
  readonly type: string;
  readonly rest: Rest;
}

export interface DocNode {
  /** Text here; saved as a number if it was one, or is a node of ours. */
  readonly id: NodeId;
  readonly type: string;
  readonly pos: readonly [number, number];
  readonly size: readonly [number, number];
  readonly mode: Mode;
  readonly title?: string;
  readonly color?: string;
  readonly bgcolor?: string;
  readonly flags: Readonly<Record<string, unknown>>; // collapsed, pinned
  readonly properties: Rest;
  readonly inputs: readonly DocInput[];
  readonly outputs: readonly DocOutput[];
  /** As in the file: by position, or by name in some packs; `graph/inputs.ts` knows which value is whose. */
  readonly values: readonly unknown[] | Rest;
  readonly rest: Rest;
}

export interface DocLink {
  readonly id: number;
  readonly from: NodeId;
  readonly fromSlot: number;
  readonly to: NodeId;
  readonly toSlot: number;
  readonly type: string;
  readonly rest: Rest;
}

export interface DocGroup {
  readonly id: number;
  readonly title: string;
  /** x, y, width, height. */
  readonly bounding: readonly [number, number, number, number];
  readonly color?: string;
  readonly rest: Rest;
}

export interface Doc {
  readonly nodes: Readonly<Record<NodeId, DocNode>>;
  readonly links: Readonly<Record<number, DocLink>>;
  readonly groups: Readonly<Record<number, DocGroup>>;
  /** The nodes' order in the file: later ones lie above. */
  readonly order: readonly NodeId[];
  readonly lastNodeId: number;
  readonly lastLinkId: number;
  /** The schema it was read in, and is saved in. */
  readonly format: "0.4" | "1.0";
  /** The top of the file: id, revision, extra, config, definitions (subgraphs), ...; of `links` and `groups` the order. */
  readonly rest: Rest;
}

/**
 * One change: a thing before and after, null if it is not there. Undoing is going from `after` to `before`. `in` is the id
 * of the subgraph that it is a change of; without it, it is one of the document that it is applied to.
 */
export type Op = Change & { readonly in?: string };

type Change =
  | { readonly of: "nodes"; readonly id: NodeId; readonly before: DocNode | null; readonly after: DocNode | null }
  | { readonly of: "links"; readonly id: number; readonly before: DocLink | null; readonly after: DocLink | null }
  | { readonly of: "groups"; readonly id: number; readonly before: DocGroup | null; readonly after: DocGroup | null }
  | { readonly of: "doc"; readonly before: Partial<Doc>; readonly after: Partial<Doc> } // order, counters, rest
  /** A subgraph as it is in the file; `at` is its place in the list. */
  | {
      readonly of: "definitions";
      readonly id: string;
      readonly at: number;
      readonly before: Rest | null;
      readonly after: Rest | null;
    };

/** What one gesture did, undone at once. Steps of the same `merge` that follow each other become one (typing, dragging). */
export interface Step {
  readonly label: string;
  /** The nodes that were entered one after the other to where it was done; missing for the whole workflow. */
  readonly path?: readonly NodeId[];
  readonly ops: readonly Op[];
  readonly merge?: string;
  readonly at: number;
}

/** What `/object_info` says of a node type. */
export interface NodeSpec {
  readonly name: string;
  readonly display_name: string;
  readonly description: string;
  readonly category: string;
  readonly python_module: string;
  readonly output_node: boolean;
  readonly is_input_list: boolean;
  readonly input: Readonly<Record<"required" | "optional" | "hidden", Readonly<Record<string, unknown>> | undefined>>;
  readonly input_order: Readonly<Record<string, readonly string[]>>;
  readonly output: readonly string[];
  readonly output_name: readonly string[];
  readonly output_is_list: readonly boolean[];
  readonly deprecated?: boolean;
  readonly experimental?: boolean;
  readonly dev_only?: boolean;
}
export type Specs = Readonly<Record<string, NodeSpec>>;

/** One input of a node type, read out of its config `[type, options]`. */
export interface InputSpec {
  readonly name: string;
  /** `IMAGE`, `INT,FLOAT`, `*`; COMBO for a list of choices. */
  readonly type: string;
  readonly optional: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly choices?: readonly (string | number)[];
  /** Whether it is shown as a control of the node rather than as a socket only. */
  readonly isWidget: boolean;
}

/** A control of a node: which value of `DocNode.values` it shows. `control` is the one after a seed. */
export interface Widget {
  readonly name: string;
  readonly index: number;
  readonly kind: "int" | "float" | "text" | "multiline" | "toggle" | "combo" | "color" | "image" | "control";
  readonly spec: InputSpec;
  readonly value: unknown;
  /** The index of the input socket of the same name, if the node has one. */
  readonly socket?: number;
  readonly linked: boolean;
}
