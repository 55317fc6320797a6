import { create } from "zustand";
import type { Missing } from "./missing";

/** What a workflow that was just opened needs and the server does not have, and what did not come along. */
export interface Report {
  readonly name: string;
  readonly missing: Missing;
  /** What a text of a web UI says and the workflow does not. */
  readonly leftOut: readonly string[];
}

export const useReport = create<{ report: Report | null }>()(() => ({ report: null }));

export function showReport(report: Report | null): void {
  useReport.setState({ report });
}
