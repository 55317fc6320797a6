import { recover, startAutosave, thisSession } from "./autosave";
import { startClosed } from "./closed";
import { startDrafts } from "./drafts";
import { startOffers } from "./offers";
import { startRetrying } from "./retry";
import { startThumbnails } from "./thumbnails";

/** Bring back what was open, and from then on lose nothing of it. */
export async function startKeeping(): Promise<void> {
  const known = await recover();
  const session = await thisSession();
  startAutosave();
  startClosed();
  startRetrying();
  startThumbnails();
  startDrafts(session.id);
  startOffers(session, known);
}
