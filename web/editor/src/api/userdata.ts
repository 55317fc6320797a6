import { HttpError, json, send } from "./http";
import type { FileInfo } from "./types";

/** The user's own files on the server, by their paths from the user's folder: `workflows/portrait.json`. */
export const userdata = {
  /** The files of a folder and of those in it; their paths are from that folder. A folder that is not there is empty. */
  async list(folder: string): Promise<FileInfo[]> {
    try {
      return await json("GET", `api/userdata?dir=${encodeURIComponent(folder)}&recurse=true&full_info=true`);
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) return [];
      throw error;
    }
  },

  async read(path: string): Promise<string> {
    return (await send("GET", place(path))).text();
  },

  /** Keep a file. Throws an `HttpError` of status 409 if it is there and may not be replaced. */
  write(path: string, content: string | Blob, { overwrite = true } = {}): Promise<FileInfo> {
    return json("POST", `${place(path)}?overwrite=${overwrite}&full_info=true`, { body: content });
  },

  async remove(path: string): Promise<void> {
    await send("DELETE", place(path));
  },

  /** Rename a file. Throws an `HttpError` of status 409 if the other is there and may not be replaced. */
  move(from: string, to: string, { overwrite = false } = {}): Promise<FileInfo> {
    return json("POST", `${place(from)}/move/${encodeURIComponent(to)}?overwrite=${overwrite}&full_info=true`);
  },
};

function place(path: string): string {
  return `api/userdata/${encodeURIComponent(path)}`;
}
