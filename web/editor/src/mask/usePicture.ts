import { useEffect, useState } from "react";
import { imageRef } from "../widgets/upload";
import { openPicture } from "./picture";
import { Session } from "./session";
import { fitBrush } from "./sizes";
import { t } from "./strings";

export interface Opened {
  readonly shown: ImageBitmap;
  readonly session: Session;
}

/** The picture of a widget's value and a session for its mask; null until it is there, or why it will not be. */
export function usePicture(value: string): Opened | Error | null {
  const [opened, setOpened] = useState<Opened | Error | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const open = async () => {
      const file = imageRef(value);
      if (!file) throw new Error(t.noPicture);
      const { shown, mask } = await openPicture(file, leaving.signal);
      if (leaving.signal.aborted) return shown.close();
      leaving.signal.addEventListener("abort", () => shown.close());
      fitBrush(mask);
      setOpened({ shown, session: new Session(mask) });
    };
    open().catch((error: unknown) => {
      if (!leaving.signal.aborted) setOpened(error instanceof Error ? error : new Error(String(error)));
    });
    return () => leaving.abort();
  }, [value]);
  return opened;
}
