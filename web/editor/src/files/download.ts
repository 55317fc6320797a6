import { api } from "../api/client";
import { jsonText } from "../graph/json";
import { withTexts } from "../graph/metadata";
import { saveDoc } from "../graph/save";
import type { Doc } from "../graph/types";
import { withoutPrivate } from "../graph/without_private";
import { useSettings } from "../shell/settings";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { useWorkspace, type Tab } from "../store/workspace";
import type { PictureType } from "./picture";
import { contentOf } from "./save";
import { files as text } from "./strings";
import { whyOf } from "./why";

/** Hand the workflow to the browser as a file. */
export function exportTab(id: string): void {
  const tab = tabOf(id);
  if (tab) download(new Blob([contentOf(tab)], { type: "application/json" }), `${tab.name}.json`);
}

/** The same in API format: what would be queued, as the server says it. */
export async function exportApi(id: string): Promise<void> {
  const tab = tabOf(id);
  if (!tab) return;
  try {
    const prompt = await api.post("v1/workflows/convert", saveDoc(tab.doc));
    download(new Blob([jsonText(prompt, 2)], { type: "application/json" }), `${tab.name}.api.json`);
  } catch (error) {
    toast(text.notExported(tab.name, whyOf(error)), "error");
  }
}

/**
 * A picture of the workflow, with as much of it inside as saved pictures have: dropped on an editor, it opens that again.
 * Private values are neither drawn nor inside.
 */
export async function exportPicture(id: string, type: PictureType): Promise<void> {
  const tab = tabOf(id);
  if (!tab) return;
  const { specs } = useSpecs.getState();
  const doc = withoutPrivate(tab.doc, specs);
  const { pictureOf } = await import("./picture");
  const drawn = await pictureOf(doc, specs, type);
  const ending = type === "image/png" ? "png" : "webp";
  if (!drawn) return toast(text.noPicture(ending.toUpperCase()), "error");
  try {
    const texts = await embedded(doc);
    const picture = Object.keys(texts).length > 0 ? withTexts(drawn.picture, drawn.size, texts) : drawn.picture;
    download(await picture, `${tab.name}.${ending}`);
  } catch (error) {
    toast(text.notExported(tab.name, whyOf(error)), "error");
  }
}

/** What the setting lets a picture tell, by the names under which pictures carry it. */
async function embedded(doc: Doc): Promise<Readonly<Record<string, string>>> {
  const { embed } = useSettings.getState();
  if (embed === "full") return { workflow: jsonText(saveDoc(doc)) };
  return embed === "none" ? {} : { prompt: jsonText(await api.post("v1/workflows/convert", saveDoc(doc))) };
}

/** Hand a file to the browser. */
export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function tabOf(id: string): Tab | undefined {
  return useWorkspace.getState().tabs.find((tab) => tab.id === id);
}
