import { followEdits } from "../store/faults";
import { parseJson } from "../graph/json";
import { useRun } from "../store/run";
import { loadSpecs, useSpecs } from "../store/specs";
import { previewIn, textIn } from "./frames";
import { address, HttpError } from "./http";
import { clientId } from "./ids";
import { hear, hearText, seePreview } from "./messages";
import { followQueue, resync } from "./resync";
import { followTabs } from "./tracks";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 10_000;
const FLAGS = { supports_preview_metadata: true };

/** Listen to the server for as long as the page is open, and come back whenever it does; return what stops that. */
export function startSocket(): () => void {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;
  let wasOpen = false;

  const connect = () => {
    clearTimeout(timer);
    timer = undefined;
    socket = new WebSocket(address("ws", { clientId: clientId() }).replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wait = FIRST_WAIT_MS;
      socket?.send(JSON.stringify({ type: "feature_flags", data: FLAGS }));
      useRun.setState({ connection: "open" });
      void catchUp(wasOpen);
      wasOpen = true;
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => take(data);
    socket.onclose = () => {
      useRun.setState({ connection: "lost" });
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  };
  const hurry = () => {
    if (timer !== undefined) connect(); // the network is back: no need to wait any longer
  };

  connect();
  window.addEventListener("online", hurry);
  const stops = [followTabs(), followEdits(), followQueue(), () => window.removeEventListener("online", hurry)];
  return () => {
    stops.forEach((stop) => stop());
    clearTimeout(timer);
    if (socket) socket.onclose = socket.onmessage = socket.onopen = null;
    socket?.close();
  };
}

function take(data: string | ArrayBuffer): void {
  if (typeof data === "string") {
    hear(parseJson(data) as { type: string; data: unknown });
    return;
  }
  const preview = previewIn(data);
  if (preview) seePreview(preview);
  const text = textIn(data);
  if (text) hearText(text);
}

/** Back again, another server may be there than before, and other things may have happened. */
async function catchUp(isBack: boolean): Promise<void> {
  try {
    if (isBack || useSpecs.getState().state !== "ready") await loadSpecs();
    await resync();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error; // it is gone again, and this is done once more when it is back
  }
}
