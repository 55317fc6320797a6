/** What the comparison of two workflows says. */
export const t = {
  compareWith: "Compare with…",
  chooseTitle: (name: string) => `Compare “${name}” with`,
  search: "Search workflows",
  nothing: "No workflow is called that.",
  file: "A file or picture…",
  fromDisk: "From this computer",
  tabs: "Open workflows",
  versions: "Versions",
  library: "Library",
  versionOf: (name: string, when: string) => `${name} (${when})`,
  compareVersion: "Compare",
  compareVersionOf: (when: string) => `Compare with the version of ${when}`,
  neither: "it carries no workflow",
  noVersions: (why: string) => `Its versions cannot be read: ${why}`,
  notCompared: (name: string, why: string) => `“${name}” cannot be compared: ${why}`,

  title: "Difference",
  fromTo: (before: string, after: string) => `From “${before}” to “${after}”`,
  close: "Close the comparison",
  asking: "Comparing…",
  failed: (why: string) => `They cannot be compared: ${why}`,
  none: "No difference.",
  noneHint: "Where nodes lie, their looks and their numbers do not count.",
  counts: ({ added, removed, changed }: Readonly<Record<Kind, number>>) =>
    [
      added > 0 ? `${added} added` : "",
      removed > 0 ? `${removed} removed` : "",
      changed > 0 ? `${changed} changed` : "",
    ]
      .filter(Boolean)
      .join(", "),
  kinds: { added: "added", removed: "removed", changed: "changed" },
  /** Beside the colour: a sign that is told by its form. */
  signs: { added: "+", removed: "−", changed: "≠" },
  inside: "changed inside",
  numbered: (number: string, before: string) => (number === before ? `#${number}` : `#${number}, was #${before}`),
  goTo: (title: string) => `Go to ${title}`,
  withInside: (count: number) => (count === 1 ? "With 1 node inside." : `With ${count} nodes inside.`),

  value: (name: string) => [`${name} was `, ", is "],
  came: (name: string) => [`${name} came from `, ", comes from "],
  itself: { type: "The type", title: "The title", mode: "The mode", exposes: "What the form shows of it" },
  text: (name: string) => `${name} has changed:`,
  nothingGiven: "not given",
  nothingTitled: "not its own",
  nowhere: "nowhere",
  quoted: (text: string) => `“${text}”`,
  feed: (title: string, output: string) => (output === "" ? title : `${title} (${output})`),
} as const;

type Kind = "added" | "removed" | "changed";
