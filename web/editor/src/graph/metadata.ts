import { jpegTexts } from "./exif";
import { gifComment } from "./gif";
import { parseJson } from "./json";
import { isApi, isUi } from "./load";
import { isFields } from "./same";
import { pngTexts, pngWith } from "./png";
import { webpTexts, webpWith } from "./webp";

/** What a file carries: a workflow as editors save it, one in API format, and what web UIs write in words. */
export interface Carried {
  readonly workflow?: unknown;
  readonly prompt?: unknown;
  readonly parameters?: string;
  /** How it was made: the versions, and the model files by their content. */
  readonly lock?: unknown;
}

const LOCK = "wireloom.lock";
const STEPS = /^\s*Steps:/m;

/** The workflow in a picture (PNG, WebP, JPEG, GIF) or in a JSON file; null if there is none. */
export async function workflowIn(file: Blob): Promise<Carried | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const texts = (await pngTexts(bytes)) ?? webpTexts(bytes) ?? jpegTexts(bytes) ?? gifTexts(bytes);
  return texts ? carriedBy(texts) : jsonIn(bytes);
}

/** A picture (PNG or WebP) of this size with texts in it, by their names, where `workflowIn` and ComfyUI look for them. */
export async function withTexts(
  picture: Blob,
  size: readonly [number, number],
  texts: Readonly<Record<string, string>>,
): Promise<Blob> {
  const bytes = new Uint8Array(await picture.arrayBuffer());
  return new Blob([picture.type === "image/webp" ? webpWith(bytes, size, texts) : pngWith(bytes, texts)], {
    type: picture.type,
  });
}

function carriedBy(texts: ReadonlyMap<string, string>): Carried | null {
  const [workflow, prompt] = ["workflow", "prompt"].map((key) => ifJson(texts.get(key) ?? ""));
  const parameters = texts.get("parameters") ?? "";
  const found = {
    ...(isFields(workflow) ? { workflow } : {}),
    ...(isFields(prompt) ? { prompt } : {}),
    ...(STEPS.test(parameters) ? { parameters } : {}),
  };
  if (Object.keys(found).length === 0) return null;
  const lock = ifJson(texts.get(LOCK) ?? "");
  return isFields(lock) ? { ...found, lock } : found;
}

function jsonIn(bytes: Uint8Array): Carried | null {
  const json = ifJson(new TextDecoder().decode(bytes));
  if (isUi(json)) return { workflow: json };
  return isApi(json) ? { prompt: json } : inBody(json);
}

/** What was sent to run a workflow, as scripts keep it: the body of `POST /prompt`. */
function inBody(json: unknown): Carried | null {
  if (!isFields(json)) return null;
  const { prompt, extra_data: extra } = json;
  if (isUi(prompt)) return { workflow: prompt };
  if (!isApi(prompt)) return null;
  const info = isFields(extra) ? extra["extra_pnginfo"] : undefined;
  const workflow = isFields(info) ? info["workflow"] : undefined;
  return isFields(workflow) ? { prompt, workflow } : { prompt };
}

/** A GIF has one text, a JSON object of them; null if the bytes are no GIF. */
function gifTexts(bytes: Uint8Array): Map<string, string> | null {
  const comment = gifComment(bytes);
  if (comment === undefined) return null;
  const texts = ifJson(comment ?? "");
  const entries = isFields(texts) ? Object.entries(texts) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function ifJson(text: string): unknown {
  try {
    return parseLoosely(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Parses JSON in which NaN and Infinity may stand for numbers, as Python writes them: null then. Throws `SyntaxError`. */
export function parseLoosely(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const plain = text.replace(/"(?:\\.|[^"\\])*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
      part[0] === '"' ? part : "null",
    );
    if (plain === text) throw error;
    return parseJson(plain);
  }
}
