import { fieldsIn } from "../graph/entries";
import { definitionsOf } from "../graph/definitions";
import type { Doc } from "../graph/types";
import { isFields } from "../graph/same";

/** A model file as a workflow names it itself: at its top, or in the properties of the node that loads it. */
export interface Told {
  readonly name: string;
  readonly folder?: string;
  readonly url?: string;
}

/** What the workflow says of its model files. */
export function toldModels(doc: Doc): Told[] {
  const inner = definitionsOf(doc).flatMap((graph) => fieldsIn(graph["nodes"]).map((node) => node["properties"]));
  const properties = [...Object.values(doc.nodes).map((node) => node.properties), ...inner];
  const lists = [doc.rest["models"], ...properties.map((each) => (isFields(each) ? each["models"] : undefined))];
  return lists.flatMap(fieldsIn).flatMap(({ name, directory, url }) => {
    if (typeof name !== "string") return [];
    const folder = typeof directory === "string" ? { folder: `models/${directory}` } : {};
    return [{ name, ...folder, ...(isAddress(url) ? { url } : {}) }];
  });
}

/** Only what a browser may be led to: a file can say anything. */
function isAddress(url: unknown): url is string {
  return typeof url === "string" && /^https?:\/\//i.test(url);
}
