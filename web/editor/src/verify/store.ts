import { create } from "zustand";
import { address } from "../api/http";
import { api } from "../api/client";
import type { Verification } from "../api/verifying";
import { pickFiles } from "../files/pick";
import { whyOf } from "../files/why";
import { follow } from "../form/follow";
import { type Progress, progressed } from "../form/progress";
import { server } from "../form/server";
import type { Picture } from "../panels/pictures";
import { say } from "../shell/speech";
import { toast } from "../shell/toast";
import { t } from "./strings";

/** A picture that is being verified, or was. */
export interface Verifying {
  readonly name: string;
  /** The picture, as an address. */
  readonly url: string;
  /** While it is made again. */
  readonly progress: Progress | null;
  readonly id: string | null;
  /** What came of it; null before that, and if nothing did. */
  readonly result: Verification | null;
  /** Why nothing came of it. */
  readonly why: string | null;
}

const TYPES = "image/png,image/webp,image/gif";

export const useVerify = create<{ shown: Verifying | null }>()(() => ({ shown: null }));

let stopFollowing = () => {};

/** Let the user choose a picture, and verify it. */
export function verifyFile(): void {
  pickFiles(false, (file) => verify(file.name, URL.createObjectURL(file), async () => file), TYPES);
}

/** Verify a picture that the server has. */
export function verifyPicture(picture: Picture): Promise<void> {
  const url = api.viewUrl(picture);
  return verify(picture.filename, url, () => api.blob(url));
}

/** Stop what is under way, and close the dialog. */
export async function closeVerify(): Promise<void> {
  const { shown } = useVerify.getState();
  stopFollowing();
  if (shown?.url.startsWith("blob:")) URL.revokeObjectURL(shown.url);
  useVerify.setState({ shown: null });
  if (shown?.progress && shown.id !== null) await stop(shown.id);
}

async function verify(name: string, url: string, read: () => Promise<Blob>): Promise<void> {
  await closeVerify();
  const begun: Verifying = { name, url, progress: { state: "sending" }, id: null, result: null, why: null };
  useVerify.setState({ shown: begun });
  const isShown = () => useVerify.getState().shown?.url === url;
  try {
    const found = await api.verify(await read());
    if (!isShown()) return found.id === null ? undefined : await stop(found.id);
    if (found.id === null || found.links === null) return tellResult(found);
    change({ id: found.id, progress: { state: "pending" } });
    watch(found.id, found.links.events);
  } catch (error) {
    if (isShown()) tellWhy(whyOf(error));
  }
}

async function stop(id: string): Promise<void> {
  try {
    await server.cancel(id);
  } catch (error) {
    toast(t.notStopped(whyOf(error)), "error");
  }
}

function watch(id: string, events: string): void {
  stopFollowing = follow(
    { id, links: { events } },
    {
      onEvent(name, told) {
        const progress = useVerify.getState().shown?.progress;
        if (progress) change({ progress: progressed(progress, name, told) });
      },
      onEnd: () => void lookUp(id),
      onGone: (error) => tellWhy(error.message),
    },
  );
}

async function lookUp(id: string): Promise<void> {
  try {
    const found = await api.verification(id);
    if (useVerify.getState().shown?.id !== id) return;
    if (found.verdict === null) tellWhy(null);
    else tellResult(found);
  } catch (error) {
    tellWhy(whyOf(error));
  }
}

function tellResult(result: Verification): void {
  change({ progress: null, result });
  say(verdictText(result));
}

/** Null if somebody stopped it. */
function tellWhy(why: string | null): void {
  const text = why === null ? t.stopped : t.failed(why);
  change({ progress: null, why: text });
  say(text);
}

export function verdictText({ verdict, text }: Verification): string {
  return t.said(t.verdicts[verdict ?? "failed"], text);
}

/** Where the picture is that was made again. */
export function againUrl({ again }: Verification): string | null {
  return again && address("api/view", { filename: again.filename, type: again.type, subfolder: again.subfolder });
}

function change(told: Partial<Verifying>): void {
  useVerify.setState(({ shown }) => ({ shown: shown && { ...shown, ...told } }));
}
