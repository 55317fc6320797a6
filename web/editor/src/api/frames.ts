/** Binary messages. Numbers are unsigned, 32 bits, big-endian; the first says what it is. */

/** A picture of unfinished work. Who says nothing of whose it is means the node that runs. */
export interface PreviewFrame {
  readonly image: Blob;
  readonly jobId?: string;
  readonly node?: string;
  readonly shownAt?: string;
}

const PREVIEW = 1;
const TEXT = 3;
const PREVIEW_WITH_METADATA = 4;
const IMAGE_TYPES = ["image/jpeg", "image/png"];

interface Metadata {
  readonly node_id: string;
  readonly prompt_id: string;
  readonly display_node_id: string;
  readonly image_type: string;
}

/** A line of text of a node that works. The server does not say of which job. */
export interface TextFrame {
  readonly node: string;
  readonly text: string;
}

/** The text in a message; null for messages of other kinds. */
export function textIn(data: ArrayBuffer): TextFrame | null {
  if (data.byteLength < 8) return null;
  const view = new DataView(data);
  const [event, length] = [view.getUint32(0), view.getUint32(4)];
  if (event !== TEXT || data.byteLength < 8 + length) return null;
  const decoder = new TextDecoder();
  return { node: decoder.decode(data.slice(8, 8 + length)), text: decoder.decode(data.slice(8 + length)) };
}

/** The picture in a message; null for messages of other kinds. */
export function previewIn(data: ArrayBuffer): PreviewFrame | null {
  if (data.byteLength < 8) return null;
  const view = new DataView(data);
  const [event, second] = [view.getUint32(0), view.getUint32(4)];
  if (event === PREVIEW) return { image: new Blob([data.slice(8)], { type: IMAGE_TYPES[second - 1] ?? "image/jpeg" }) };
  if (event !== PREVIEW_WITH_METADATA || data.byteLength < 8 + second) return null;
  const told = JSON.parse(new TextDecoder().decode(data.slice(8, 8 + second))) as Metadata;
  return {
    image: new Blob([data.slice(8 + second)], { type: told.image_type }),
    jobId: told.prompt_id,
    node: told.node_id,
    shownAt: told.display_node_id,
  };
}
