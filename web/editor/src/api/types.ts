/** What the server answers, as far as the editor reads it. */

export type JobStatus = "pending" | "in_progress" | "completed" | "failed" | "cancelled";

/** A file that a node wrote, or that was uploaded. */
export interface FileRef {
  readonly filename: string;
  readonly subfolder?: string;
  readonly type?: string;
}

/** A job in a list. Times are milliseconds since 1970. */
export interface Job {
  readonly id: string;
  readonly status: JobStatus;
  /** Its place in the queue: lowest first. */
  readonly priority: number;
  readonly create_time: number;
  readonly execution_start_time?: number;
  readonly execution_end_time?: number;
  readonly execution_error?: ExecutionError;
  readonly outputs_count: number;
  readonly previewable_outputs_count: number;
  /** What stands for the job: a file, or for a text its beginning. */
  readonly preview_output?: Partial<FileRef> & {
    readonly nodeId: string;
    readonly mediaType: string;
    readonly content?: string;
  };
  readonly workflow_id?: string;
}

/** What a node shows, by kind: `images` are files. */
export type NodeOutput = Readonly<Record<string, readonly unknown[]>>;

/** A job; one that has ended with its outputs and its workflow. */
export interface JobDetail extends Job {
  readonly outputs?: Readonly<Record<string, NodeOutput>>;
  readonly workflow?: {
    readonly prompt: unknown;
    readonly extra_data: { readonly extra_pnginfo?: { readonly workflow?: unknown } };
  };
}

export interface ExecutionError {
  readonly prompt_id: string;
  readonly node_id: string;
  readonly node_type: string;
  readonly exception_message: string;
  readonly exception_type: string;
  readonly traceback: readonly string[];
  /** Missing if a node was only blocked, and the job goes on. */
  readonly timestamp?: number;
}

/** One mistake: its kind, what it is, and where. */
export interface Complaint {
  readonly type: string;
  readonly message: string;
  readonly details: string;
  readonly extra_info?: Readonly<Record<string, unknown>>;
}

export type NodeErrors = Readonly<
  Record<string, { readonly errors: readonly Complaint[]; readonly class_type: string }>
>;

/** Why a node ran: what its result depends on was another the last time. */
export interface Cause {
  readonly kind:
    "new" | "type" | "version" | "input" | "file" | "upstream" | "link" | "always" | "changed" | "forgotten";
  readonly input: string | null;
  readonly node: string | null;
  readonly before: unknown;
  readonly now: unknown;
}

/** How a node came by its result: remembered (in memory, on disk, of an equal node, on inputs of equal content) or run. */
export type How = "memory" | "disk" | "equal" | "unchanged" | "ran" | "failed" | "skipped";

export interface NodeAccount {
  readonly type: string;
  readonly how: How;
  readonly seconds: number;
  /** The node to show it at; null if it is that itself. */
  readonly shown_as: string | null;
  readonly parent: string | null;
  readonly causes: readonly Cause[];
}

/** A user's file: its size in bytes, its times in milliseconds since 1970. */
export interface FileInfo {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly created: number;
}

/** A file that was uploaded, where it is now: its name may have got a number. */
export interface Uploaded {
  readonly name: string;
  readonly subfolder: string;
  readonly type: string;
}

/** A shipped workflow. */
export interface Template {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly models: readonly string[];
  /** Addresses of its workflow and of its picture. */
  readonly workflow: string;
  readonly picture: string;
}
