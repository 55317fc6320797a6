import { create } from "zustand";
import { api } from "../api/client";
import type { Share } from "../api/sharing";
import { confirm } from "../files/ask";
import { newestPicture } from "../files/thumbnails";
import { whyOf } from "../files/why";
import { saveDoc } from "../graph/save";
import { toast } from "../shell/toast";
import { useWorkspace, type Tab } from "../store/workspace";
import { linkTo } from "./shared";
import { sharing as text } from "./strings";

interface Store {
  /** The tab whose workflow is to be shared; null if the dialog is closed. */
  readonly tab: string | null;
  /** One's shares; null while they are not known. */
  readonly shares: readonly Share[] | null;
  /** The one that was just made. */
  readonly made: Share | null;
}

export interface Choice {
  readonly picture: boolean;
  readonly inputs: boolean;
}

export const useShares = create<Store>()(() => ({ tab: null, shares: null, made: null }));

export async function showShareDialog(tab: string | null): Promise<void> {
  useShares.setState({ tab, made: null });
  if (tab !== null) await refreshShares();
}

/** Make a link to a workflow as it is now. */
export async function share(tab: Tab, { picture, inputs }: Choice): Promise<void> {
  try {
    const made = await api.shares.add(packing(tab, { picture, inputs }));
    useShares.setState({ made });
    await refreshShares();
  } catch (error) {
    toast(text.notShared(tab.name, whyOf(error)), "error");
  }
}

/** What goes into a share or a bundle of a workflow. */
export function packing({ id, name, doc }: Tab, { picture, inputs }: Choice) {
  const newest = picture ? newestPicture(id) : undefined;
  const ref = newest && { filename: newest.filename, subfolder: newest.subfolder, type: newest.type };
  return { name, workflow: saveDoc(doc), picture: ref ?? null, inputs };
}

export async function revoke({ token, name }: Share): Promise<void> {
  // The question takes the place of the dialog: two would lie over each other.
  const { tab } = useShares.getState();
  useShares.setState({ tab: null });
  if (await confirm(text.revokeTitle(name), text.revokeText, text.revokeYes)) {
    try {
      await api.shares.revoke(token);
    } catch (error) {
      toast(text.notRevoked(whyOf(error)), "error");
    }
  }
  await showShareDialog(useWorkspace.getState().tabs.some(({ id }) => id === tab) ? tab : null);
}

export async function copyLink(token: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(linkTo(token)); // not there on pages that came over plain http
    toast(text.copied, "ok");
  } catch {
    toast(text.notCopied, "error");
  }
}

async function refreshShares(): Promise<void> {
  try {
    useShares.setState({ shares: await api.shares.list() });
  } catch (error) {
    toast(text.sharesFailed(whyOf(error)), "error");
  }
}
