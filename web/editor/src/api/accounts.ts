import { tellAccounts } from "../store/explain";
import { changeNodes, type NodeRun } from "../store/run";
import { api } from "./client";
import { HttpError } from "./http";
import { outermost } from "./ids";
import type { Track } from "./track";
import { runOf, showOutput } from "./tracks";
import type { NodeAccount } from "./types";
import { useWorkspace } from "../store/workspace";

/** A job is over: complete what was heard of it while it ran. */
export async function conclude(track: Track): Promise<void> {
  try {
    if (track.missed) {
      const { outputs = {} } = await api.job(track.jobId);
      Object.entries(outputs).forEach(([node, output]) => showOutput(track, node, output));
    }
    await explainRun(track);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error; // it has been forgotten, or lies too far back
  }
}

/** Ask how the nodes of a job that ended came by their results. */
async function explainRun(track: Track): Promise<void> {
  const nodes = await api.explain(track.jobId);
  if (!useWorkspace.getState().tabs.some(({ id }) => id === track.tab)) return;
  const accounts = byCanvasNode(nodes, (id) => track.canvasIds(id));
  tellAccounts(track.tab, accounts);
  const run = runOf(track);
  if (!run) return;
  const exact = Object.entries(accounts).map(([id, account]) => [id, settled(account, run.nodes[id])] as const);
  changeNodes(track.tab, Object.fromEntries(exact));
}

/**
 * One account for each node on the canvas: its own, or that of a node inside which ran; with the time of all inside.
 * `seenAs` tells which nodes an id counts for.
 */
export function byCanvasNode(
  nodes: Readonly<Record<string, NodeAccount>>,
  seenAs: (id: string) => readonly string[] = (id) => [outermost(id)],
): Record<string, NodeAccount> {
  const groups = new Map<string, NodeAccount[]>();
  for (const [id, account] of Object.entries(nodes)) {
    for (const at of seenAs(account.shown_as ?? id)) groups.set(at, [...(groups.get(at) ?? []), account]);
  }
  const joined = [...groups].map(([at, group]) => {
    const chosen = nodes[at] ?? group.find(({ how }) => how === "ran") ?? group[0]!;
    return [at, { ...chosen, seconds: group.reduce((sum, { seconds }) => sum + seconds, 0) }] as const;
  });
  return Object.fromEntries(joined);
}

/** What was told while the job ran may have gaps; this has none. */
function settled({ how, seconds }: NodeAccount, before: NodeRun | undefined): NodeRun | undefined {
  const output = before?.output ? { output: before.output } : {};
  if (before?.state === "error" || how === "failed" || how === "skipped") return before;
  return how === "ran" ? { state: "done", seconds, ...output } : { state: "cached", ...output };
}
