import { address, json } from "./http";
import type { Template } from "./types";

interface Category {
  readonly templates: readonly (Partial<Template> & { readonly name: string; readonly mediaSubtype?: string })[];
}

/** The workflows that the server ships. */
export async function templates(): Promise<Template[]> {
  const categories = await json<Category[]>("GET", "templates/index.json");
  return categories.flatMap(({ templates }) =>
    templates.map(({ name, title = name, description = "", tags = [], models = [], mediaSubtype = "webp" }) => ({
      name,
      title,
      description,
      tags,
      models,
      workflow: address(`templates/${encodeURIComponent(name)}.json`),
      picture: address(`templates/${encodeURIComponent(name)}-1.${mediaSubtype}`),
    })),
  );
}
