import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Job } from "../api/types";
import { useJobs } from "../store/jobs";
import { useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { QueuePanel } from "./QueuePanel";
import { useViewer } from "./viewer_store";

const job = (id: string, status: Job["status"], more: Partial<Job> = {}): Job => ({
  id,
  status,
  priority: 0,
  create_time: 1_700_000_000_000,
  outputs_count: 0,
  previewable_outputs_count: 0,
  ...more,
});
const preview_output = { filename: "a.png", subfolder: "", type: "output", nodeId: "7", mediaType: "images" };
const picture = { outputs_count: 1, previewable_outputs_count: 1, preview_output };

const requests: string[] = [];

beforeEach(() => {
  requests.length = 0;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    requests.push(`${init.method} ${new URL(url).pathname} ${String(init.body ?? "")}`.trim());
    return Response.json({ cancelled: true, jobs: [] });
  });
  useRun.setState({ runs: {}, tabOf: {} });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("says what to do while there is nothing", () => {
  useJobs.setState({ queue: [], history: [], state: "ready" });
  render(<QueuePanel />);
  expect(screen.getByText(/Press Run/)).toBeTruthy();
});

it("shows the progress and the live picture of a job of ours, and cancels it", async () => {
  const tab = useWorkspace.getState().active;
  const node = { state: "running", value: 3, max: 12, preview: "blob:x" } as const;
  useRun.setState({ tabOf: { r: tab }, runs: { [tab]: { jobId: "r", state: "running", nodes: { "5": node } } } });
  useJobs.setState({ queue: [job("r", "in_progress"), job("p", "pending")], history: [], state: "ready" });
  render(<QueuePanel />);
  const [running] = within(screen.getByRole("list", { name: "Now and next" })).getAllByRole("listitem");
  expect(running!.textContent).toContain("3 / 12");
  expect(within(running!).getByRole<HTMLProgressElement>("progressbar").value).toBeCloseTo(0.25);
  expect(within(running!).getByRole("img", { name: "Unfinished picture" }).getAttribute("src")).toBe("blob:x");
  fireEvent.click(within(running!).getByRole("button", { name: "Cancel job" }));
  await waitFor(() => expect(requests[0]).toBe("POST /api/jobs/r/cancel"));
});

it("tells how jobs ended, and why one failed", () => {
  const took = { execution_start_time: 1000, execution_end_time: 3500 };
  const execution_error = { exception_message: "out of memory" } as NonNullable<Job["execution_error"]>;
  const history = [job("a", "completed", { ...picture, ...took }), job("b", "failed", { execution_error })];
  useJobs.setState({ queue: [], history, state: "ready" });
  render(<QueuePanel />);
  const [done, failed] = within(screen.getByRole("list", { name: "History" })).getAllByRole("listitem");
  expect(done!.textContent).toContain("2.5 s");
  expect(failed!.textContent).toContain("out of memory");
});

it("opens the pictures of a job", async () => {
  useJobs.setState({ queue: [], history: [job("a", "completed", picture)], state: "ready" });
  render(<QueuePanel />);
  fireEvent.click(screen.getByRole("button", { name: /Done/ }));
  await waitFor(() => expect(useViewer.getState().images[0]).toMatchObject({ filename: "a.png", jobId: "a" }));
});
