import { api } from "../api/client";
import { useSpecs } from "../store/specs";

export interface ImageRef {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** How a value ends that names a folder: the server does not list such files. */
export const ELSEWHERE = / \[(input|output|temp)\]$/;
/** Where masked pictures lie, within the input folder; ComfyUI's name. */
export const CLIPSPACE = "clipspace";

/** `folder/name.png [output]` as a file: the folder and the kind of folder may be missing. */
export function imageRef(value: string): ImageRef | null {
  const [, path = "", type = "input"] = /^(.*?)(?: \[(input|output|temp)\])?$/s.exec(value) ?? [];
  if (path === "") return null;
  const at = path.lastIndexOf("/");
  return { filename: path.slice(at + 1), subfolder: path.slice(0, Math.max(0, at)), type };
}

/** Whether it is the copy of a picture that a mask editor made. */
export function isMasked({ subfolder, type }: ImageRef): boolean {
  return subfolder === CLIPSPACE && type === "input";
}

/** Put a picture into the input folder: the value that names it. The node types are read anew, since they list it. */
export async function uploadImage(file: File): Promise<string> {
  const { name, subfolder } = await api.upload(file);
  useSpecs.setState({ specs: await api.objectInfo(), state: "ready" });
  return subfolder ? `${subfolder}/${name}` : name;
}
