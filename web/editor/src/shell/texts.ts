/** What the page around the canvas says. */
export const shell = {
  name: "wireloom",
  loading: "Reading the node types",
  loadingFailed: "The server did not say which nodes it has.",
  loadingFailedHint: "It may have stopped, or still be starting. When it is back, the page goes on by itself.",
  tryAgain: "Try again",
  connectionLost: "Connection lost, trying again. You can go on editing.",
  broken: "Something went wrong in the editor.",
  brokenHint: "Your workflows are kept. Download this one to be sure, then go on or reload the page.",
  downloadWorkflow: "Download workflow",
  goOn: "Go on",
  reload: "Reload page",
  notifications: "Notifications",
  dismiss: "Dismiss",
  close: "Close",
  cancel: "Cancel",
  skipToCanvas: "Skip to the canvas",
  canvas: "Canvas",
  sidebar: "Panels",
  status: "Status",
  history: "Undo and redo",
  openPanel: (panel: string) => `${panel} panel`,
  panels: {
    library: "Library",
    nodes: "Nodes",
    outline: "Outline",
    queue: "Queue",
    gallery: "Gallery",
    problems: "Problems",
    help: "Node help",
  },
  connection: { connecting: "Connecting", open: "Connected", lost: "Connection lost" },
  queued: (count: number) => (count === 0 ? "Queue empty" : `${count} in the queue`),
  nodes: (count: number) => (count === 1 ? "1 node" : `${count} nodes`),
  selected: (count: number) => `${count} selected`,
} as const;

export const welcome = {
  title: "How to begin",
  text: "Press Run to make a picture. Change the words, and run again.",
  templates: "Other workflows",
  close: "Close this hint",
} as const;

export const palette = {
  title: "Command palette",
  search: "Search commands and nodes",
  nothing: "Nothing is called that.",
  commands: "Commands",
  nodes: "Add node",
  open: "Commands and nodes",
} as const;

export const shortcuts = {
  title: "Keyboard shortcuts",
  hint: "Single letters rest while you type in a field.",
  groups: {
    general: "General",
    file: "File",
    edit: "Edit",
    view: "View",
    run: "Run",
    node: "Node",
    walk: "From node to node",
  } as Record<string, string>,
  other: "Other",
  /** What keys and pointer do in one place: the title, then the ways to do it. */
  places: [
    {
      name: "On the canvas",
      keys: [
        ["Next wire or node", "Tab"],
        ["Select it", "Enter"],
        ["Move the selected nodes", "Arrows"],
        ["Move them further", "Shift+Arrows"],
        ["Rename the node whose title has the focus", "F2"],
      ],
    },
    {
      name: "In the outline",
      keys: [
        ["Previous or next line", "Up", "Down"],
        ["Open, and go in", "Right"],
        ["Close, and go out", "Left"],
        ["Open all nodes", "*"],
        ["Go to the node, edit the value, list what fits", "Enter"],
        ["List what fits, also beside a value", "Shift+Enter"],
        ["Select the node as well", "Space"],
        ["Rename the node", "F2"],
        ["Remove the node, or take the wire off", "Delete"],
        ["All that can be done", "Shift+F10"],
        ["Back to the canvas", "Escape"],
      ],
    },
    {
      name: "Mouse and touch",
      keys: [
        ["Add a node", "Double-click"],
        ["Select what is in a box", "Shift+Drag"],
        ["Move the view", "Drag"],
        ["Zoom", "Wheel", "Pinch"],
        ["List what fits a socket", "Click it"],
        ["Wire two sockets", "Drag", "Tap both"],
        ["All that can be done", "Right-click"],
      ],
    },
    {
      name: "In a number",
      keys: [
        ["One step", "Up", "Down"],
        ["Ten steps", "Shift+Up", "PageUp", "PageDown"],
      ],
    },
    {
      name: "On a tab",
      keys: [
        ["Neighbour", "Left", "Right"],
        ["Rename", "F2"],
        ["Close", "Delete"],
      ],
    },
    {
      name: "In the viewer",
      keys: [
        ["Other picture", "Left", "Right"],
        ["Zoom", "+", "-"],
        ["Fit", "0"],
        ["Compare", "C"],
      ],
    },
  ] as readonly { readonly name: string; readonly keys: readonly (readonly string[])[] }[],
} as const;

export const settings = {
  title: "Settings",
  theme: "Theme",
  themes: { system: "As the system", light: "Light", dark: "Dark" },
  snap: "Snap nodes to the grid",
  snapHint: "Nodes move in steps of 8 px.",
  minimap: "Show the minimap",
  previews: "Show live previews",
  previewsHint: "The unfinished picture, while a sampler works.",
  embed: "In saved pictures",
  embeds: { full: "The whole workflow", recipe: "Only what ran", none: "Nothing" },
  notify: "Notify when a run has ended",
  notifyHint: "While this page is not seen. The browser asks once whether it may.",
  confirmClose: "Ask before closing unsaved workflows",
  shared: "Kept on the server: they are the same in every browser.",
} as const;

export const nodePalette = {
  search: "Search nodes",
  none: (query: string) => `No node matches “${query}”.`,
  hint: "Drag onto the canvas, or press Enter to add.",
  uncategorised: "Other",
} as const;

export const nodeHelp = {
  nothing: "Select one node to read about it.",
  unknown: (type: string) => `The server has no node type “${type}”.`,
  noDescription: "This node has no description.",
  inputs: "Inputs",
  outputs: "Outputs",
  optional: "optional",
  list: "list",
  range: (min: number, max: number) => `${min} to ${max}`,
  atLeast: (min: number) => `at least ${min}`,
  initially: (value: unknown) => `default ${String(value)}`,
} as const;

export const commands = {
  undo: "Undo",
  redo: "Redo",
  theme: "Change theme",
  panel: (name: string) => `${name} panel`,
  nextPart: "Next part of the page",
  previousPart: "Previous part of the page",
  undone: (step: string) => `Undone: ${step}`,
  redone: (step: string) => `Done again: ${step}`,
} as const;
