// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeServer, reply, type Request } from "../api/fakes";
import { SPECS } from "../graph/fixtures";
import { openForm } from "./actions";
import { fakeEvents, FakeSource, jobOf, WORKFLOW } from "./fakes";
import { FormPage } from "./FormPage";
import { startKeeping } from "./keep";
import { EMPTY, useForm } from "./store";

const JOBS = { jobs: [jobOf("old")], next: null };
const ROUTES = {
  "GET /v1/workflows/mine%2Fcat": WORKFLOW,
  "GET /v1/jobs": JOBS,
  "GET /api/object_info": SPECS,
  "POST /v1/jobs": jobOf("new", { state: "pending", outputs: {} }),
};

beforeEach(() => {
  sessionStorage.clear();
  fakeEvents();
});
afterEach(() => {
  cleanup();
  useForm.setState(EMPTY);
  vi.useRealTimers();
});

async function shown(routes: Parameters<typeof fakeServer>[0] = {}): Promise<Request[]> {
  const asked = fakeServer({ ...ROUTES, ...routes });
  await openForm(WORKFLOW.name);
  render(<FormPage name={WORKFLOW.name} />);
  return asked;
}

async function pressRun(): Promise<void> {
  await act(async () => fireEvent.click(screen.getByRole("button", { name: "Run" })));
}

function sent(asked: readonly Request[]) {
  return asked.filter(({ method }) => method === "POST").map(({ body }) => body as { inputs: Record<string, unknown> });
}

test("from words to a picture", async () => {
  const asked = await shown();
  fireEvent.change(screen.getByRole("textbox", { name: "words" }), { target: { value: "a fox" } });
  fireEvent.click(screen.getByRole("checkbox", { name: "new seed for each run" }));
  await pressRun();
  expect(sent(asked)).toEqual([
    { workflow: "mine/cat", inputs: { words: "a fox", seed: 7, steps: 20 }, outputs: ["7"] },
  ]);

  act(() => FakeSource.last.say("started", {}));
  act(() => FakeSource.last.say("progress", { value: 5, total: 20 }));
  act(() => FakeSource.last.say("preview", { image: "data:image/jpeg;base64,x" }));
  expect(screen.getByRole("progressbar", { name: "Progress" }).getAttribute("value")).toBe("0.25");
  expect(screen.getByRole("img", { name: "The unfinished picture" })).toBeTruthy();

  act(() => FakeSource.last.say("succeeded", jobOf("new")));
  expect(FakeSource.last.readyState).toBe(FakeSource.CLOSED);
  expect((screen.getByRole("img", { name: "picture" }) as HTMLImageElement).src).toContain("new.png");
  expect(screen.getByRole("status").textContent).toBe("Done");
  expect(within(screen.getByRole("region", { name: "Runs" })).getAllByRole("button")).toHaveLength(2);
});

test("each run gets a new seed, unless one wants the same", async () => {
  const asked = await shown();
  for (let run = 0; run < 6; run += 1) {
    await pressRun();
    act(() => FakeSource.last.say("succeeded", jobOf(`new ${run}`)));
  }
  const seeds = sent(asked).map(({ inputs }) => inputs["seed"]);
  expect(new Set(seeds).size).toBeGreaterThan(1);
  expect(useForm.getState().values["seed"]).toBe(seeds[5]);
});

test("a run of the past gives its inputs back, and keeps its seed", async () => {
  await shown();
  fireEvent.click(screen.getByRole("button", { name: /^Load the inputs/ }));
  expect(useForm.getState().values).toEqual({ words: "a dog", seed: 3, steps: 4 });
  expect((screen.getByRole("checkbox") as HTMLInputElement).checked).toBe(false);
  expect(screen.getByRole("status").textContent).toContain("in the fields");
});

test("what is refused is told at its field, until that is changed", async () => {
  const errors = [{ type: "x", message: "Too small", details: "", extra_info: { input_name: "steps" } }];
  const body = { error: { type: "x", message: "No" }, node_errors: { "5:1": { class_type: "Sampler", errors } } };
  await shown({ "POST /v1/jobs": () => reply(body, 400) });
  await pressRun();
  const field = screen.getByRole("spinbutton", { name: "steps" });
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(field.getAttribute("aria-describedby")!)?.textContent).toBe("Too small");
  fireEvent.keyDown(field, { key: "ArrowUp" });
  expect(screen.queryByText("Too small")).toBeNull();
  expect(screen.getByRole("button", { name: "Run" })).toBeTruthy();
});

test("a run that fails says why, and stays in the list", async () => {
  await shown();
  await pressRun();
  act(() => FakeSource.last.say("failed", jobOf("new", { state: "failed", outputs: {}, error: { message: "boom" } })));
  expect(screen.getByRole("alert").textContent).toBe("boom");
  expect(screen.getByRole("button", { name: /: Failed$/ })).toBeTruthy();
});

test("a run under way is found again, and can be stopped", async () => {
  const running = jobOf("now", { state: "running", outputs: {} });
  const asked = await shown({
    "GET /v1/jobs": { jobs: [running, jobOf("old")], next: null },
    "DELETE /v1/jobs/now": jobOf("now", { state: "cancelled" }),
  });
  expect(FakeSource.last.url).toContain("/v1/jobs/now/events?previews=1");
  await act(async () => fireEvent.click(screen.getByRole("button", { name: "Stop" })));
  expect(asked.at(-1)).toMatchObject({ method: "DELETE", path: "/v1/jobs/now" });
  act(() => FakeSource.last.say("cancelled", jobOf("now", { state: "cancelled", outputs: {} })));
  expect(screen.getByRole("status").textContent).toBe("Stopped");
});

test("where the stream is refused, the job is asked for", async () => {
  vi.useFakeTimers();
  await shown({ "GET /v1/jobs/new": jobOf("new") });
  await pressRun();
  act(() => FakeSource.last.refuse());
  await act(() => vi.advanceTimersByTimeAsync(2500));
  expect(screen.getByRole("status").textContent).toBe("Done");
  expect(FakeSource.made).toHaveLength(1);
});

test("what was typed is there again after the page was dropped", async () => {
  const stopKeeping = startKeeping();
  await shown();
  fireEvent.change(screen.getByRole("textbox", { name: "words" }), { target: { value: "a fox" } });
  fireEvent.click(screen.getByRole("checkbox"));
  useForm.setState(EMPTY);
  await act(() => openForm(WORKFLOW.name));
  stopKeeping();
  expect(useForm.getState().values["words"]).toBe("a fox");
  expect([...useForm.getState().fresh]).toEqual([]);
});

test("a workflow that is not there is told, and asked for again", async () => {
  fakeServer({ ...ROUTES, "GET /v1/workflows/mine%2Fcat": () => reply({ error: "there is no workflow" }, 404) });
  await openForm(WORKFLOW.name);
  render(<FormPage name={WORKFLOW.name} />);
  expect(screen.getByRole("alert").textContent).toContain("there is no workflow");
  fakeServer(ROUTES);
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.getByRole("button", { name: "Run" })).toBeTruthy());
});
