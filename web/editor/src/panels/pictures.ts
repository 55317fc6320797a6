/** The pictures among what nodes showed. */

export interface Picture {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
  /** The node that showed it. */
  readonly node?: string;
}

export type Outputs = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const IMAGES = /\.(png|jpe?g|webp|gif|avif|bmp)$/i;

/** In the order of the nodes; kept pictures before those of previews, which are gone with the server. */
export function picturesOf(outputs: Outputs): Picture[] {
  const found = Object.entries(outputs).flatMap(([node, shown]) => picturesOfNode(shown, node));
  return [
    ...found.filter((picture) => picture.type === "output"),
    ...found.filter((picture) => picture.type !== "output"),
  ];
}

/** Whether it was only made to be compared: of a job that verifies another picture. */
export function isAside({ type, subfolder }: Picture): boolean {
  return type === "temp" && subfolder.startsWith("aside/");
}

export function picturesOfNode(shown: Readonly<Record<string, unknown>> | undefined, node?: string): Picture[] {
  return Object.values(shown ?? {}).flatMap((items) =>
    Array.isArray(items) ? items.flatMap((item: unknown) => asPicture(item, node) ?? []) : [],
  );
}

export function asPicture(item: unknown, node?: string): Picture | null {
  if (typeof item !== "object" || item === null) return null;
  const { filename, subfolder, type } = item as Record<string, unknown>;
  if (typeof filename !== "string" || !IMAGES.test(filename)) return null;
  return {
    filename,
    subfolder: typeof subfolder === "string" ? subfolder : "",
    type: typeof type === "string" ? type : "output",
    ...(node === undefined ? {} : { node }),
  };
}
