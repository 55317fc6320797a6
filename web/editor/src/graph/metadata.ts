import { jpegTexts } from "./exif";
import { jsonText, parseJson } from "./json";
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

/** The workflow in a picture (PNG, WebP, JPEG) or in a JSON file; null if there is none. */
export async function workflowIn(file: Blob): Promise<Carried | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const texts = (await pngTexts(bytes)) ?? webpTexts(bytes) ?? jpegTexts(bytes);
  return texts ? carriedBy(texts) : jsonIn(bytes);
}

/** A picture (PNG or WebP) of this size with a workflow in it, where `workflowIn` and ComfyUI find it. */
export async function withWorkflow(picture: Blob, size: readonly [number, number], workflow: unknown): Promise<Blob> {
  const bytes = new Uint8Array(await picture.arrayBuffer());
  const texts = { workflow: jsonText(workflow) };
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
  return isApi(json) ? { prompt: json } : null;
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
