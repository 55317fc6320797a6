/** What `/v1` answers, as far as the form reads it. */

/** What the schema of a workflow says of one input. */
export interface Property {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly (string | number)[];
  readonly items?: { readonly enum?: readonly (string | number)[] };
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
}

/** Which input of which node an input of the workflow is. */
export interface InputPlace {
  readonly node_id: string;
  readonly class_type: string;
  readonly input: string;
}

/** A workflow as a function. */
export interface Signature {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputs: { readonly properties: Readonly<Record<string, Property>> };
  readonly places: Readonly<Record<string, InputPlace>>;
  readonly outputs: Readonly<Record<string, { readonly node_id: string }>>;
}

export interface OutputFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
  readonly url: string;
  readonly media_type: string;
}

export interface Output {
  readonly node_id: string;
  readonly files: readonly OutputFile[];
  readonly data: Readonly<Record<string, readonly unknown[]>>;
}

export type JobState = "pending" | "running" | "succeeded" | "failed" | "cancelled";

/** A job, in a list or alone. */
export interface FormJob {
  readonly id: string;
  readonly state: JobState;
  readonly created: string;
  readonly seconds: { readonly running: number | null };
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, Output>>;
  readonly error: { readonly message: string } | null;
  readonly links: { readonly events: string };
}

export interface JobPage {
  readonly jobs: readonly FormJob[];
  readonly next: string | null;
}

export interface Listed {
  readonly name: string;
  readonly title: string;
  readonly source: "saved" | "shipped";
}
