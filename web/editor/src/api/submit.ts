import { saveDoc } from "../graph/save";
import type { Doc } from "../graph/types";
import { useSettings } from "../shell/settings";
import { useSpecs } from "../store/specs";
import { expectedNodes } from "./expected";
import { faultsOf, nodeFaults } from "./faults";
import { HttpError, json } from "./http";
import { clientId, newUuid } from "./ids";
import { accepted, expectJob, refused } from "./tracks";
import type { NodeErrors } from "./types";

export interface SubmitOptions {
  /** Before all that wait. */
  readonly front?: boolean;
  /** Only these output nodes, and what they need. */
  readonly only?: readonly string[];
}

/** In a job's `extra_data`: the tab that it is for, so that a page that was loaded again finds its own. */
export const TAB_KEY = "wireloom_tab";

/** Have a tab's workflow run. What is wrong with it is told by `useFaults(tab)`, also if the server cannot be reached. */
export async function submit(tabId: string, doc: Doc, { front, only }: SubmitOptions = {}): Promise<void> {
  const workflow = saveDoc(doc);
  const track = expectJob(newUuid(), tabId, expectedNodes(doc, useSpecs.getState().specs, only));
  const body = {
    prompt: workflow,
    prompt_id: track.jobId,
    client_id: clientId(),
    extra_data: { extra_pnginfo: { workflow }, preview_method: previewMethod(), [TAB_KEY]: tabId },
    ...(front ? { front } : {}),
    ...(only ? { partial_execution_targets: only } : {}),
  };
  try {
    const { node_errors } = await json<{ node_errors: NodeErrors }>("POST", "api/prompt", { body });
    accepted(track, nodeFaults(node_errors));
  } catch (error) {
    refused(track, error instanceof HttpError ? faultsOf(error) : []);
    if (!(error instanceof HttpError)) throw error;
  }
}

/** Whether the server is to send pictures of unfinished work. */
function previewMethod(): "auto" | "none" {
  return useSettings.getState().previews ? "auto" : "none";
}
