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

/** What a sweep says of its values and of what it cannot do. */
export const sweep = {
  noValues: "It lists no values.",
  tooManyValues: (count: number, most: number) => `It lists ${count} values; at most ${most} can be swept.`,
  shortRange: (part: string) => `“${part}” is no range: FIRST:LAST:COUNT needs a count of at least 2.`,
  longRange: (part: string, count: number, most: number) =>
    `“${part}” stands for ${count} values; at most ${most} can be swept.`,
  noStep: (part: string) => `“${part}” is no range: its step is 0.`,
  misfit: (part: string, expected: string) => `“${part}” does not fit: expected ${expected}.`,
  kinds: { INT: "a whole number", FLOAT: "a number", BOOLEAN: "true or false" } as Readonly<Record<string, string>>,
  or: " or ",
  tooSmall: (part: string, min: string) => `${part} is too small: expected at least ${min}.`,
  tooLarge: (part: string, max: string) => `${part} is too large: expected at most ${max}.`,
  noChoice: (part: string, some: string, more: boolean) =>
    `“${part}” is no choice: expected one of ${some}${more ? ", …" : ""}.`,
  noWords: (part: string, before: string) => `“${part}” exchanges “${before}”, which the text does not have.`,
  empty: "(empty)",
  without: (words: string) => `without ${words}`,
  input: (node: string, input: string) => `${input} of ${node}`,
  noAxes: "No input is swept: choose one under Sweep in the menu of a node.",
  tooManyAxes: (inputs: string) => `A sweep has at most two inputs, and these are ${inputs}.`,
  noNodes: "The server has no nodes for sweeps: Plot X/Y and Save Sweep.",
  muted: (input: string) => `${input} cannot be swept: its node is muted or bypassed.`,
  gone: (input: string) => `${input} cannot be swept: there is no such input.`,
  wired: (input: string) => `${input} cannot be swept: its value comes through a wire.`,
  secret: (input: string) =>
    `${input} cannot be swept: it is left out of pictures, and a sweep writes its values on them.`,
  severalUses: (input: string) =>
    `${input} is in a subgraph that is used more than once: make the one that is meant unique, or sweep an input outside.`,
  severalTargets: (input: string) => `${input} leads to several nodes inside of the subgraph: sweep one of theirs.`,
  badValues: (input: string, why: string) => `${input}: ${why}`,
  noPicture:
    "There is no picture to sweep: add Save Image at the top of the workflow, or select a node that makes a picture.",
  noPart: (input: string, node: string) => `${input} has no part in the picture of ${node}.`,
  tooManyCells: (columns: number, rows: number, most: number) =>
    `${columns} × ${rows} values make ${columns * rows} pictures; at most ${most} fit on a sheet.`,
} as const;
