import type { JobState } from "./types";

const ENDED: Readonly<Record<JobState, string>> = {
  pending: "Waiting for its turn",
  running: "Running",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Stopped",
};

/** What the form says. */
export const t = {
  name: "wireloom",
  pageTitle: (title: string) => `${title} · wireloom`,
  all: "All forms",
  editor: "Editor",
  loading: "Loading the form…",
  noForm: "The form cannot be shown",
  tryAgain: "Try again",

  listTitle: "Forms",
  listHint: "Each workflow that is saved, or comes along, is a form.",
  saved: "Yours",
  shipped: "Examples",
  noneSaved: "None is saved yet: the editor saves workflows.",

  inputs: "Inputs",
  nothingChosen:
    "This workflow does not say what its inputs are, so all of them are here. The editor's node menu chooses.",
  nothingToSet: "This workflow has nothing to set.",
  fresh: (name: string) => `new ${name} for each run`,
  reset: "Reset",
  wasReset: "The workflow's own values are back.",

  run: "Run",
  stop: "Stop",
  sent: "Sent",
  refused: "It cannot run as it is.",
  failed: "Something is wrong",
  progress: "Progress",
  preview: "The unfinished picture",
  state: (state: "sending" | "pending" | "running") => (state === "sending" ? "Sending…" : ENDED[state]),
  steps: (value: number, total: number) => `${value} of ${total}`,
  ended: (state: JobState) => ENDED[state],

  result: "Result",
  nothingYet: "What comes out is shown here.",
  nothingShown: "This run shows nothing.",
  picture: (name: string, at: number, count: number) => (count > 1 ? `${name}, ${at} of ${count}` : name),
  download: (file: string) => `Download ${file}`,
  seconds: (seconds: number) => `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`,

  runs: "Runs",
  noRuns: "No runs yet.",
  more: "Show more",
  loaded: "The inputs of that run are in the fields.",
  loadRun: (when: string, state: JobState) => `Load the inputs of the run of ${when}: ${ENDED[state]}`,
};
