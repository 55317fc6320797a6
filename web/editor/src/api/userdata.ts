import { HttpError, json, send } from "./http";
import type { FileInfo } from "./types";

/** A file, and what tells this content of it from any other; null if the server does not say. */
export interface Read {
  readonly content: string;
  readonly version: string | null;
}

export type Written = FileInfo & Pick<Read, "version">;

export interface Writing {
  readonly overwrite?: boolean;
  /** Only if the file is still of this version. */
  readonly version?: string | null;
}

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

  async read(path: string): Promise<Read> {
    const answer = await send("GET", place(path));
    return { content: await answer.text(), version: answer.headers.get("ETag") };
  },

  /**
   * Keep a file. Throws an `HttpError` of status 409 if it is there and may not be replaced, and of 412 if it is not
   * of this version (any more).
   */
  async write(
    path: string,
    content: string | Blob,
    { overwrite = true, version = null }: Writing = {},
  ): Promise<Written> {
    const headers: Record<string, string> = version === null ? {} : { "If-Match": version };
    const at = `${place(path)}?overwrite=${overwrite}&full_info=true`;
    const answer = await send("POST", at, { body: content, headers });
    return { ...((await answer.json()) as FileInfo), version: answer.headers.get("ETag") };
  },

  async remove(path: string): Promise<void> {
    await send("DELETE", place(path));
  },

  /** Rename a file. Throws an `HttpError` of status 409 if the other is there and may not be replaced. */
  move(from: string, to: string, { overwrite = false } = {}): Promise<FileInfo> {
    return json("POST", `${place(from)}/move/${encodeURIComponent(to)}?overwrite=${overwrite}&full_info=true`);
  },
};

/** Where a file is asked for. */
export function place(path: string): string {
  return `api/userdata/${encodeURIComponent(path)}`;
}
