import { create } from "zustand";
import { api } from "../api/client";
import { axesOf } from "../graph/axes";
import { widgetsOf } from "../graph/inputs";
import { specOf } from "../graph/subgraphs";
import { NoSweep, withSweep } from "../graph/sweep";
import type { Doc, NodeId, Specs } from "../graph/types";
import { showProblems } from "../panels/run_actions";
import { toast } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeTab, placeOf, refuse, useWorkspace } from "../store/workspace";
import { readAxis } from "./reading";
import { t } from "./strings";

/** The jobs that are sweeps, each until its end was told. */
export const useSweepJobs = create<{ readonly waiting: ReadonlySet<string> }>()(() => ({ waiting: new Set() }));

/**
 * Queue the active workflow as a sweep. Seeds stay as they are, unlike after an ordinary run: so that the pictures compare,
 * and a sweep that gets another value draws only what is new.
 */
export async function runSweep(): Promise<void> {
  const workspace = useWorkspace.getState();
  const tab = activeTab(workspace);
  if (tab.shared !== undefined) return refuse();
  let instead;
  try {
    instead = withSweep(tab.doc, useSpecs.getState().specs, selectedAtTop());
  } catch (error) {
    if (error instanceof NoSweep) return toast(error.message, "error");
    throw error;
  }
  const job = await api.submit(tab.id, tab.doc, { instead });
  if (job === null) return showProblems();
  useSweepJobs.setState(({ waiting }) => ({ waiting: new Set([...waiting, job]) }));
}

/** What is selected; inside of a subgraph, the node of the workflow that was entered. */
function selectedAtTop(): readonly NodeId[] {
  const workspace = useWorkspace.getState();
  const [entered] = placeOf(activeTab(workspace)).path;
  return entered === undefined ? workspace.selection.nodes : [entered];
}

/** How many values the axes of a workflow have, as text: `3 × 3`; null without axes. */
export function sizesOf(doc: Doc, specs: Specs): string | null {
  const axes = axesOf(doc);
  if (axes.length === 0) return null;
  const counts = axes.map(({ node, input, text }) => {
    const spec = specOf(doc, node, specs);
    const widget = spec && widgetsOf(node, spec).find(({ name }) => name === input);
    const { labels, wrong } = widget ? readAxis(text, widget) : { labels: [], wrong: "" };
    return wrong === null ? String(labels.length) : "?";
  });
  return counts.join(t.by);
}
