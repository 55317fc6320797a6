import { api } from "../api/client";
import { useSpecs } from "../store/specs";

export interface ImageRef {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** `folder/name.png [output]` as a file: the folder and the kind of folder may be missing. */
export function imageRef(value: string): ImageRef | null {
  const [, path = "", type = "input"] = /^(.*?)(?: \[(input|output|temp)\])?$/s.exec(value) ?? [];
  if (path === "") return null;
  const at = path.lastIndexOf("/");
  return { filename: path.slice(at + 1), subfolder: path.slice(0, Math.max(0, at)), type };
}

/** Put a picture into the input folder: the value that names it. The node types are read anew, since they list it. */
export async function uploadImage(file: File): Promise<string> {
  const { name, subfolder } = await api.upload(file);
  useSpecs.setState({ specs: await api.objectInfo(), state: "ready" });
  return subfolder ? `${subfolder}/${name}` : name;
}
