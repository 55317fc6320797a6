import type { NodeSpec, Specs } from "./types";

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

function note(name: string, display_name: string): NodeSpec {
  const required = { text: ["STRING", { multiline: true, socketless: true, default: "" }] };
  return { ...blankSpec(name, display_name, "notes"), input: { required, optional: undefined, hidden: undefined } };
}

/** Nodes that the server never sees. */
export const EDITOR_ONLY: Specs = {
  Note: note("Note", "Note"),
  MarkdownNote: note("MarkdownNote", "Markdown note"),
  Reroute: {
    ...blankSpec("Reroute", "Reroute", "wires"),
    input: { required: { "": ["*"] }, optional: undefined, hidden: undefined },
    output: ["*"],
    output_name: [""],
    output_is_list: [false],
  },
};
