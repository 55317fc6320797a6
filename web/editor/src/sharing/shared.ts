import { api } from "../api/client";
import { address } from "../api/http";
import { jsonText } from "../graph/json";
import { freeName, nameFromFile, pathOf, placeOf, thumbnailOf, unfit } from "../files/names";
import { refreshLibrary, useLibrary } from "../files/library";
import { openSaved, openShared } from "../files/open";
import { whyOf } from "../files/why";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { useWorkspace, type Tab } from "../store/workspace";
import { sharing as text } from "./strings";

const IN_ADDRESS = /^#share=([\w-]+)$/;

/** The link that opens a share, for others to open. */
export function linkTo(token: string): string {
  return address(`share/${token}`);
}

/** Show what the page's address says is shared, now and when it says something else. What comes back ends it. */
export function startShareLinks(): () => void {
  const show = () => {
    const [, token] = IN_ADDRESS.exec(location.hash) ?? [];
    if (token) void openShare(token);
  };
  show();
  window.addEventListener("hashchange", show);
  const stop = useWorkspace.subscribe(({ tabs }, before) => {
    const [, token] = IN_ADDRESS.exec(location.hash) ?? [];
    const shows = (tab: Tab) => tab.shared?.token === token;
    // What was closed is not to come back when the page is loaded again.
    if (token && before.tabs.some(shows) && !tabs.some(shows))
      history.replaceState(null, "", location.pathname + location.search);
  });
  return () => {
    stop();
    window.removeEventListener("hashchange", show);
  };
}

/** Open a share to be looked at, or go to the tab that shows it. */
export async function openShare(token: string): Promise<void> {
  const { tabs, activate } = useWorkspace.getState();
  const open = tabs.find((tab) => tab.shared?.token === token);
  if (open) return activate(open.id);
  try {
    const { name, workflow, picture, files } = await api.shares.read(token);
    const urls = Object.fromEntries(files.map(({ value, url }) => [value, url]));
    await openShared(workflow, name, { token, picture, files: urls });
  } catch (error) {
    toast(text.notOpened(whyOf(error)), "error");
  }
}

/** Save a copy of what is shared in one's own library, with its files among the inputs, and go on with that. */
export async function makeMine(id: string): Promise<boolean> {
  const tab = useWorkspace.getState().tabs.find((each) => each.id === id);
  if (tab?.shared === undefined) return false;
  try {
    const { workflow } = await api.shares.copy(tab.shared.token);
    await readInputsAnew();
    await refreshLibrary(); // other windows save too: what is taken is to be known
    const taken = useLibrary.getState().files.map((file) => placeOf(file.path));
    const path = pathOf(freeName(fitting(tab.name), taken));
    await api.userdata.write(path, jsonText(workflow, 2), { overwrite: false });
    await keepPicture(tab.shared.picture, path);
    await refreshLibrary();
    await openSaved(path);
    useWorkspace.getState().close(id);
    toast(text.isMine(placeOf(path)), "ok");
    return true;
  } catch (error) {
    toast(text.notMine(tab.name, whyOf(error)), "error");
    return false;
  }
}

/** Files have come among the inputs: the node types list them. */
export async function readInputsAnew(): Promise<void> {
  useSpecs.setState({ specs: await api.objectInfo(), state: "ready" });
}

/** What stands for the share stands for the copy. */
async function keepPicture(picture: string | null, path: string): Promise<void> {
  if (picture) await api.userdata.write(thumbnailOf(path), await api.blob(picture));
}

/** A name that a workflow of the library can have: others may call theirs anything. */
function fitting(name: string): string {
  return unfit(name) === null ? name : nameFromFile(name) || text.sharedWorkflow;
}
