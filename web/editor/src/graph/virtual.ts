import type { NodeSpec, Specs } from "./types";

/** The type of the node that holds a value for widgets elsewhere: see `primitives.ts`. */
export const PRIMITIVE = "PrimitiveNode";

/** A node type that says nothing of itself yet. */
export function blankSpec(name: string, display_name: string, category: string): NodeSpec {
  return {
    name,
    display_name,
    description: "",
    category,
    python_module: "",
    output_node: false,
    is_input_list: false,
    input: { required: undefined, optional: undefined, hidden: undefined },
    input_order: {},
    output: [],
    output_name: [],
    output_is_list: [],
  };
}

function note(name: string, display_name: string, description: string): NodeSpec {
  const required = { text: ["STRING", { multiline: true, socketless: true, default: "" }] };
  return {
    ...blankSpec(name, display_name, "notes"),
    description,
    input: { required, optional: undefined, hidden: undefined },
  };
}

/** Nodes that the server never sees. */
export const EDITOR_ONLY: Specs = {
  Note: note("Note", "Note", "A text on the canvas."),
  MarkdownNote: note("MarkdownNote", "Markdown note", "A text with headings, lists and links on the canvas."),
  Reroute: {
    ...blankSpec("Reroute", "Reroute", "wires"),
    description: "A bend in a wire.",
    input: { required: { "": ["*"] }, optional: undefined, hidden: undefined },
    output: ["*"],
    output_name: [""],
    output_is_list: [false],
  },
  [PRIMITIVE]: {
    ...blankSpec(PRIMITIVE, "Primitive", "values"),
    description: "A value for one widget or several: it takes the form of the first one that it is wired to.",
    output: ["*"],
    output_name: ["value"],
    output_is_list: [false],
  },
};

/** Pixels, without the title, of new ones: what they show at first says nothing of it. */
export const EDITOR_ONLY_SIZES: Readonly<Record<string, readonly [number, number]>> = {
  Note: [280, 140],
  MarkdownNote: [320, 200],
  Reroute: [40, 24],
  [PRIMITIVE]: [270, 60],
};

const joined = new WeakMap<Specs, Specs>();

/** All node types that can be added: the server's, and those that only editors know. */
export function addable(specs: Specs): Specs {
  let all = joined.get(specs);
  if (!all) joined.set(specs, (all = { ...EDITOR_ONLY, ...specs }));
  return all;
}
