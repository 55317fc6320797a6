import { create } from "zustand";
import type { FoundFile } from "../api/verifying";
import { useWorkspace } from "../store/workspace";
import { type Missing, NOTHING_MISSING } from "./missing";

/** What a workflow that was just opened needs and the server does not have, and what did not come along. */
export interface Report {
  readonly tab: string;
  readonly name: string;
  readonly missing: Missing;
  /** What a text of a web UI says and the workflow does not. */
  readonly leftOut: readonly string[];
  /** Files that are not as they were when it was saved. */
  readonly models: readonly FoundFile[];
}

export const useReport = create<{ report: Report | null }>()(() => ({ report: null }));

export function showReport(report: Report | null): void {
  useReport.setState({ report });
}

/** Tell what is known of the model files by now. What is here under another name is not missing. */
export function addModels(tab: string, name: string, models: readonly FoundFile[]): void {
  if (models.length === 0 || !useWorkspace.getState().tabs.some(({ id }) => id === tab)) return;
  const { report } = useReport.getState();
  const before = report?.tab === tab ? report : { missing: NOTHING_MISSING, leftOut: [] };
  const isFound = (value: string) => models.some((model) => model.name === value);
  const values = before.missing.values.filter(({ value }) => !isFound(value));
  showReport({ tab, name, missing: { ...before.missing, values }, leftOut: before.leftOut, models });
}
