import { api } from "../api/client";
import { address } from "../api/http";
import { download } from "../files/download";
import { refreshLibrary } from "../files/library";
import { nameFromFile, pathOf, placeOf } from "../files/names";
import { openFile, openSaved } from "../files/open";
import { files as fileTexts } from "../files/strings";
import { whyOf } from "../files/why";
import { toast } from "../shell/toast";
import { useWorkspace } from "../store/workspace";
import { packing } from "./share_dialog";
import { readInputsAnew } from "./shared";
import { sharing as text } from "./strings";

/** Hand the workflow to the browser with its newest picture and the input files that it loads, as one file. */
export async function exportBundle(id: string): Promise<void> {
  const tab = useWorkspace.getState().tabs.find((each) => each.id === id);
  if (!tab) return;
  try {
    download(await api.bundles.make(packing(tab, { picture: true, inputs: true })), `${tab.name}.zip`);
  } catch (error) {
    toast(text.notBundled(tab.name, whyOf(error)), "error");
  }
}

/** Where the bundle of a workflow of the library is, with its picture there and its tags. */
export function bundleUrl(path: string): string {
  return address(`v1/bundles/${placeOf(path).split("/").map(encodeURIComponent).join("/")}`);
}

/** Open a file of any kind; `at` is where a picture goes that becomes a node. */
export function openAny(file: File, at?: readonly [number, number]): Promise<void> {
  return file.name.toLowerCase().endsWith(".zip") ? importBundle(file) : openFile(file, at);
}

/** Put a bundle into the library, its files among the inputs, and open it. */
export async function importBundle(file: File): Promise<void> {
  try {
    const { saved, inputs } = await api.bundles.take(file, nameFromFile(file.name) || text.sharedWorkflow);
    await Promise.all([refreshLibrary(), readInputsAnew()]);
    if (saved === null) return;
    await openSaved(pathOf(saved));
    toast(text.imported(saved, Object.keys(inputs).length), "ok");
  } catch (error) {
    toast(fileTexts.notOpened(file.name, whyOf(error)), "error");
  }
}
