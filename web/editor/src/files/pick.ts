/** The files that a workflow can be read from. */
const READABLE = ".json,.zip,image/png,image/webp,image/jpeg,image/gif";

/** Let the user choose files, and do something with each, one after the other. */
export function pickFiles(multiple: boolean, take: (file: File) => Promise<void>, accept = READABLE): void {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", multiple, accept });
  input.onchange = async () => {
    for (const file of input.files ?? []) await take(file);
  };
  input.click();
}
