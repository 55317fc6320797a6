/** What the graph says of itself. */
export const graph = {
  nodeGone: "The node is no longer there.",
  itself: "A node cannot feed itself.",
  noSocket: "There is no such socket.",
  misfit: (given: string, taken: string) => `${given} does not fit ${taken}.`,
  widgetsOnly: "A primitive feeds widgets only.",
  circle: "This would make a circle: a node cannot wait for its own result.",
  inputs: "Inputs",
  outputs: "Outputs",
  nothingChosen: "Select the nodes that are to become a subgraph.",
  aroundItself: "What is between the selected nodes has to be selected too: a subgraph cannot wait for its own result.",
} as const;
