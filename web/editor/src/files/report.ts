import { create } from "zustand";
import type { Missing } from "./missing";

/** What a workflow that was just opened needs and the server does not have. */
export interface Report {
  readonly name: string;
  readonly missing: Missing;
}

export const useReport = create<{ report: Report | null }>()(() => ({ report: null }));

export function showReport(report: Report | null): void {
  useReport.setState({ report });
}
