/** What widgets say. */
export const t = {
  less: (name: string) => `Decrease ${name}`,
  more: (name: string) => `Increase ${name}`,
  notNumber: (text: string) => `“${text}” is not a number or a sum such as 64*8`,
  dice: "New random value",
  control: "after a run",
  controls: { fixed: "keep", increment: "add one", decrement: "subtract one", randomize: "randomize" } as Record<
    string,
    string
  >,
  search: (name: string) => `Search ${name}`,
  nothingFits: "Nothing fits",
  noneChosen: "none",
  chooseNone: "Choose none",
  noChoices: "nothing to choose",
  moreChoices: (count: number) => `${count} more: type to narrow the list`,
  missing: (value: string) => `${value} is not on the server`,
  on: "on",
  off: "off",
  linked: "from the wire",
  upload: "Upload",
  uploading: "Uploading…",
  uploadFailed: (reason: string) => `Upload failed: ${reason}`,
  dropImage: "Upload a picture, or drop one here",
  picture: (name: string) => `Picture ${name}`,
  seedName: "seed",
};
