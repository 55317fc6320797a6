import { json } from "./http";
import type { FileRef } from "./types";

export type Verdict = "identical" | "close" | "different" | "failed";

/** One thing that a file says it was made with, beside what is here. */
export interface Compared {
  readonly about: string;
  readonly name: string;
  readonly status: "same" | "different" | "missing";
  readonly text: string;
}

/** A picture that is made again, and what came of it once that has ended. */
export interface Verification {
  /** The job that does it; null if it could not even begin. */
  readonly id: string | null;
  readonly state: "pending" | "running" | "succeeded" | "failed" | "cancelled";
  /** Null before it has ended, and if it was stopped. */
  readonly verdict: Verdict | null;
  readonly psnr_db: number | null;
  readonly text: string;
  readonly has_lock: boolean;
  readonly reasons: readonly string[];
  readonly compared: readonly Compared[];
  readonly errors: readonly string[];
  readonly again: FileRef | null;
  readonly links: { readonly self: string; readonly events: string } | null;
}

/** Have a picture made again. */
export function verify(picture: Blob): Promise<Verification> {
  return json("POST", "v1/verify", { body: picture });
}

export function verification(id: string): Promise<Verification> {
  return json("GET", `v1/verify/${encodeURIComponent(id)}`);
}

/** A model file that a picture was made with, and what of it is here. */
export interface FoundFile {
  readonly folder: string;
  readonly name: string;
  /** By its content, by the layout of its tensors, or by its name alone. */
  readonly found: "same" | "renamed" | "replaced" | "similar" | "missing" | "unknown";
  /** The name of the file that is meant. */
  readonly here: string | null;
  readonly text: string;
}

/** What became of the files that a lock names. It takes a while if large files were never read before. */
export async function filesOf(lock: unknown): Promise<readonly FoundFile[]> {
  return (await json<{ files: FoundFile[] }>("POST", "v1/workflows/files", { body: { lock } })).files;
}
