import { withProbes } from "../graph/probes";
import { saveDoc } from "../graph/save";
import type { Doc } from "../graph/types";
import { type Embed, useSettings } from "../shell/settings";
import { useSpecs } from "../store/specs";
import { expectedNodes } from "./expected";
import { faultsOf, nodeFaults } from "./faults";
import { HttpError, json } from "./http";
import { clientId, newUuid, outermost } from "./ids";
import type { Track } from "./track";
import { accepted, expectJob, refused } from "./tracks";
import type { NodeErrors } from "./types";

export interface SubmitOptions {
  /** Before all that wait. */
  readonly front?: boolean;
  /** Only these nodes, and what they need. */
  readonly only?: readonly string[];
  /** What is run in the workflow's place, and its outputs: a sweep. The files that are saved tell of the workflow. */
  readonly instead?: { readonly doc: Doc; readonly targets: readonly string[] };
}

/** In a job's `extra_data`: the tab that it is for, so that a page that was loaded again finds its own. */
export const TAB_KEY = "wireloom_tab";

/**
 * Have a tab's workflow run. Gives the job's id; null if it was refused: then `useFaults(tab)` tells what is wrong, also if
 * the server cannot be reached.
 */
export async function submit(tabId: string, doc: Doc, options: SubmitOptions = {}): Promise<string | null> {
  const { front, only, instead } = options;
  const { specs } = useSpecs.getState();
  const workflow = saveDoc(doc);
  const { doc: sent, targets } = instead ?? (only ? withProbes(doc, specs, only) : { doc, targets: undefined });
  const expected = new Set([...expectedNodes(sent, specs, targets)].map(outermost));
  const track = expectJob(newUuid(), tabId, expected, doc);
  const body = {
    prompt: sent === doc ? workflow : saveDoc(sent),
    prompt_id: track.jobId,
    client_id: clientId(),
    extra_data: { extra_pnginfo: { workflow }, preview_method: previewMethod(), ...embedding(), [TAB_KEY]: tabId },
    ...(front ? { front } : {}),
    ...(targets ? { partial_execution_targets: targets } : {}),
  };
  return (await post(track, body)) ? track.jobId : null;
}

/** A job to be run once more, as it was: its workflow in API format, what came along, and its outputs. */
export interface Repeated {
  readonly prompt: Readonly<Record<string, unknown>>;
  readonly extra_data: Readonly<Record<string, unknown>>;
  readonly targets: readonly string[];
}

/** Have a job run again for a tab that has its workflow. Gives the job's id; null if it was refused. */
export async function repeat(tabId: string, { prompt, extra_data, targets }: Repeated): Promise<string | null> {
  const track = expectJob(newUuid(), tabId, new Set(Object.keys(prompt).map(outermost)));
  const body = {
    prompt,
    prompt_id: track.jobId,
    client_id: clientId(),
    extra_data: { ...extra_data, [TAB_KEY]: tabId },
    partial_execution_targets: targets,
  };
  return (await post(track, body)) ? track.jobId : null;
}

async function post(track: Track, body: unknown): Promise<boolean> {
  try {
    const { node_errors } = await json<{ node_errors: NodeErrors }>("POST", "api/prompt", { body });
    accepted(track, nodeFaults(node_errors));
    return true;
  } catch (error) {
    refused(track, error instanceof HttpError ? faultsOf(error) : []);
    if (!(error instanceof HttpError)) throw error;
    return false;
  }
}

/** How much of the workflow goes into saved files, if that is not all. */
function embedding(): { embed?: Embed } {
  const { embed } = useSettings.getState();
  return embed === "full" ? {} : { embed };
}

/** Whether the server is to send pictures of unfinished work. */
function previewMethod(): "auto" | "none" {
  return useSettings.getState().previews ? "auto" : "none";
}
