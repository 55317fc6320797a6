import { HttpError, json, send } from "./http";
import type { FileRef } from "./types";

/** One of the user's own shares. */
export interface Share {
  readonly token: string;
  readonly name: string;
  readonly created: string;
  readonly bytes: number;
  readonly inputs: readonly string[];
  readonly has_picture: boolean;
}

/** A share as whoever has its token sees it. */
export interface SharedWorkflow {
  readonly name: string;
  readonly workflow: unknown;
  /** An address. */
  readonly picture: string | null;
  readonly files: readonly { readonly value: string; readonly url: string }[];
}

/** A workflow whose files are among the inputs now; it names them as they are called there. */
export interface TakenOver {
  readonly name: string;
  readonly workflow: unknown;
  readonly inputs: Readonly<Record<string, string>>;
  /** Its name in the library, if it was put there. */
  readonly saved: string | null;
}

/** What goes into a share or a bundle. */
export interface Packing {
  readonly name: string;
  readonly workflow: unknown;
  readonly picture: FileRef | null;
  readonly inputs: boolean;
}

/** What a saved workflow was. */
export interface Version {
  readonly id: string;
  readonly saved: string;
  readonly bytes: number;
  readonly name: string | null;
}

export const shares = {
  add: (packing: Packing) => json<Share>("POST", "v1/shares", { body: packing }),
  list: async () => (await json<{ shares: Share[] }>("GET", "v1/shares")).shares,
  revoke: async (token: string) => void (await send("DELETE", at(token))),
  read: (token: string) => json<SharedWorkflow>("GET", at(token)),
  /** Have its files copied among the inputs. */
  copy: (token: string) => json<TakenOver>("POST", `${at(token)}/copy`),
};

export const bundles = {
  make: async (packing: Packing) => (await send("POST", "v1/bundles", { body: packing })).blob(),
  /** Put its files among the inputs, and the workflow into the library. */
  take: (file: Blob, save: string) =>
    json<TakenOver>("POST", `v1/bundles/import?save=${encodeURIComponent(save)}`, { body: file }),
};

/** Of workflows of the library, by their names with their folders. */
export const versions = {
  list: async (workflow: string) =>
    json<{ current: string | null; versions: Version[] }>("GET", `v1/versions${of(workflow)}`),
  keep: (workflow: string, name: string) => json<Version>("POST", `v1/versions${of(workflow)}`, { body: { name } }),
  name: (workflow: string, id: string, name: string | null) =>
    json<Version>("PATCH", `v1/versions/${id}${of(workflow)}`, { body: { name } }),
  restore: async (workflow: string, id: string) =>
    void (await send("POST", `v1/versions/${id}/restore${of(workflow)}`)),
  /** Where its content is. */
  address: (workflow: string, id: string) => `v1/versions/${id}${of(workflow)}`,
};

export const tags = {
  /** By the names of the workflows; none if the server does not keep any. */
  async all(): Promise<Record<string, string[]>> {
    try {
      return (await json<{ workflows?: Record<string, string[]> }>("GET", "v1/tags")).workflows ?? {};
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) return {};
      throw error;
    }
  },
  put: async (workflow: string, words: readonly string[]) =>
    void (await send("PUT", `v1/tags${of(workflow)}`, { body: { tags: words } })),
};

function at(token: string): string {
  return `v1/shares/${encodeURIComponent(token)}`;
}

function of(workflow: string): string {
  return `?workflow=${encodeURIComponent(workflow)}`;
}
