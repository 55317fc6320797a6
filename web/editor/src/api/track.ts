import type { Doc } from "../graph/types";
import { seenAt } from "../graph/within";
import type { NodeOutput } from "./types";
import type { Fault, NodeRun } from "../store/run";

/** How far one node of a job is, as the server says it. */
export interface Part {
  readonly value: number;
  readonly max: number;
}

/**
 * What is known of a job while it is under way, of the nodes as they run: some lie inside subgraphs, others are what a
 * node expanded into. All of them count for the node of the
 * workflow, and for those around them that are seen inside of subgraphs.
 */
export class Track {
  /** Whether the server has taken it. Until then it is in no list of jobs. */
  accepted = false;
  /** Whether it has started. */
  begun = false;
  /** Whether some of it was not heard. */
  missed = false;
  /** Outputs that are left out, since something is wrong with what they need. */
  rejected: readonly Fault[] = [];
  /** The node on the canvas that started last. */
  current: string | null = null;
  private readonly shown = new Map<string, Shown>();
  private readonly seenAs = new Map<string, readonly string[]>();

  constructor(
    readonly jobId: string,
    readonly tab: string,
    readonly expected: ReadonlySet<string>,
    /** What was sent, as it was then. */
    readonly doc: Doc,
  ) {}

  /** Forget how far it was: it starts, or starts once more. */
  begin(): void {
    this.begun = this.accepted = true;
    this.current = null;
    this.shown.clear();
    this.seenAs.clear();
  }

  /** The node of the workflow itself that a node counts for. */
  canvasId(id: string, display?: string | null): string {
    return this.canvasIds(id, display)[0]!;
  }

  /** All nodes that it counts for: that one, and those inside of subgraphs that are around it, and itself if it is one. */
  canvasIds(id: string, display?: string | null): readonly string[] {
    const known = display === undefined || display === null ? this.seenAs.get(id) : undefined;
    const found = known ?? seenAt(this.doc, display ?? id);
    this.seenAs.set(id, found);
    return found;
  }

  /** A node starts, or is further; `now` is in milliseconds. */
  runs(id: string, part: Part, now: number): void {
    for (const canvasId of this.canvasIds(id)) {
      const node = this.node(canvasId);
      if (node.running.size === 0) node.since = now;
      const before = node.running.get(id);
      if (before && before.value === part.value && before.max === part.max) continue; // told again, not further
      node.running.delete(id);
      node.running.set(id, part);
    }
  }

  ends(id: string, now: number): void {
    for (const canvasId of this.canvasIds(id)) {
      const node = this.node(canvasId);
      if (node.running.delete(id) && node.running.size === 0) node.busyMs += now - node.since;
    }
  }

  isRunning(id: string): boolean {
    return this.node(this.canvasId(id)).running.has(id);
  }

  /** What a node showed, joined with what others showed that count for the same one. */
  shows(canvasId: string, id: string, output: NodeOutput): NodeOutput {
    const { outputs } = this.node(canvasId);
    outputs.set(id, output);
    const joined: Record<string, unknown[]> = {};
    for (const each of outputs.values()) {
      for (const [kind, items] of Object.entries(each)) (joined[kind] ??= []).push(...items);
    }
    return joined;
  }

  /** The state of a node of the canvas, from the parts that count for it and from what it was. */
  stateOf(canvasId: string, before: NodeRun | undefined): NodeRun {
    const { running, busyMs } = this.node(canvasId);
    const output = before?.output ? { output: before.output } : {};
    if (before?.state === "error") return before;
    if (running.size > 0) {
      const preview = before?.preview ? { preview: before.preview } : {};
      const says = before?.says ? { says: before.says } : {};
      return {
        state: "running",
        since: this.node(canvasId).since,
        ...progress(canvasId, running),
        ...preview,
        ...says,
        ...output,
      };
    }
    if (before?.state === "cached") return before;
    return { state: "done", seconds: busyMs / 1000, ...output };
  }

  private node(canvasId: string): Shown {
    const known = this.shown.get(canvasId);
    if (known) return known;
    const made: Shown = { running: new Map(), outputs: new Map(), since: 0, busyMs: 0 };
    this.shown.set(canvasId, made);
    return made;
  }
}

interface Shown {
  /** The one that was heard of last comes last. */
  readonly running: Map<string, Part>;
  readonly outputs: Map<string, NodeOutput>;
  since: number;
  busyMs: number;
}

/** Of a node that expanded, what runs inside tells more than that it waits for that. At 0 of 1, nothing is told yet. */
function progress(canvasId: string, running: ReadonlyMap<string, Part>): Partial<Part> {
  const inside = [...running].filter(([id]) => id !== canvasId);
  const [, part] = inside[inside.length - 1] ?? [...running][0]!;
  return part.value === 0 && part.max === 1 ? {} : { value: part.value, max: part.max };
}
