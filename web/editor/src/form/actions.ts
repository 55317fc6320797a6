import { HttpError } from "../api/http";
import { toast } from "../shell/toast";
import { loadSpecs, useSpecs } from "../store/specs";
import { fieldsOf, given, initialValues, rolled, seedNames, valuesOfRun } from "./fields";
import { follow } from "./follow";
import { draftOf } from "./keep";
import { progressed } from "./progress";
import { NONE, refusalsOf } from "./refusals";
import { server } from "./server";
import { EMPTY, useForm } from "./store";
import { t } from "./strings";
import type { FormJob } from "./types";

let stopFollowing = () => {};

/** Show the form of a workflow: with its values, or what was typed before the page was loaded again. */
export async function openForm(name: string): Promise<void> {
  stopFollowing();
  useForm.setState(EMPTY);
  try {
    const [workflow, page] = await Promise.all([server.workflow(name), server.jobs(name), loadSpecs()]);
    const { specs } = useSpecs.getState();
    const fields = fieldsOf(workflow);
    const seeds = seedNames(fields, specs);
    const draft = draftOf(name);
    const underWay = page.jobs.find(isUnderWay);
    const past = page.jobs.filter((job) => !isUnderWay(job));
    useForm.setState({
      state: "ready",
      workflow,
      fields,
      values: valuesOfRun(fields, draft?.values ?? {}, specs),
      fresh: new Set(draft ? seeds.filter((seed) => draft.fresh.includes(seed)) : seeds),
      past,
      next: page.next,
      shown: past[0] ?? null,
    });
    if (underWay) watch(underWay);
  } catch (error) {
    useForm.setState({ state: "failed", why: messageOf(error) });
  }
}

/** Run the workflow with what the fields hold. */
export async function run(): Promise<void> {
  const { workflow, fields, values, fresh, running } = useForm.getState();
  if (!workflow || running) return;
  const next = rolled(fields, values, fresh, useSpecs.getState().specs);
  useForm.setState({ values: next, refusals: NONE, running: { progress: { state: "sending" } }, said: t.sent });
  try {
    watch(await server.submit(workflow, given(next)));
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    useForm.setState({ running: null, refusals: refusalsOf(error, fields), said: t.refused });
  }
}

/** Stop the run that is under way; its end is told like any other. */
export async function stop(): Promise<void> {
  const id = useForm.getState().running?.id;
  if (id !== undefined) await attempt(() => server.cancel(id));
}

/** Put a run's inputs back into the fields, and show what came of it. */
export function loadRun(job: FormJob): void {
  const { fields } = useForm.getState();
  const values = valuesOfRun(fields, job.inputs, useSpecs.getState().specs);
  useForm.setState({ values, fresh: new Set(), refusals: NONE, shown: job, said: t.loaded });
}

/** The workflow's own values again. */
export function reset(): void {
  const { fields } = useForm.getState();
  const { specs } = useSpecs.getState();
  const fresh = new Set(seedNames(fields, specs));
  useForm.setState({ values: initialValues(fields, specs), fresh, refusals: NONE, said: t.wasReset });
}

/** Earlier runs. */
export async function loadMore(): Promise<void> {
  const { workflow, next } = useForm.getState();
  if (!workflow || next === null) return;
  await attempt(async () => {
    const page = await server.jobs(workflow.name, next);
    const past = [...useForm.getState().past, ...page.jobs.filter((job) => !isUnderWay(job))];
    useForm.setState({ past, next: page.next });
  });
}

function watch(job: FormJob): void {
  stopFollowing();
  const state = job.state === "running" ? "running" : "pending";
  useForm.setState({ running: { id: job.id, progress: { state } } });
  stopFollowing = follow(job, {
    onEvent(name, told) {
      const { running } = useForm.getState();
      if (running) useForm.setState({ running: { ...running, progress: progressed(running.progress, name, told) } });
    },
    onEnd(ended) {
      const past = [ended, ...useForm.getState().past.filter(({ id }) => id !== ended.id)];
      const whole = ended.error ? [ended.error.message] : [];
      useForm.setState({
        running: null,
        shown: ended,
        past,
        refusals: { fields: {}, whole },
        said: t.ended(ended.state),
      });
    },
    onGone: (error) => useForm.setState({ running: null, refusals: { fields: {}, whole: [error.message] } }),
  });
}

function isUnderWay({ state }: FormJob): boolean {
  return state === "pending" || state === "running";
}

async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    toast(messageOf(error), "error");
  }
}

/** What the server says; anything else is a mistake of ours, and not hidden. */
function messageOf(error: unknown): string {
  if (error instanceof HttpError) return error.message;
  throw error;
}
