import { address, json } from "../api/http";
import type { FormJob, JobPage, Listed, Signature } from "./types";

const PAGE = 20;

/** What the form asks of the server. All of it throws `HttpError`. */
export const server = {
  workflows: async () => (await json<{ workflows: Listed[] }>("GET", "v1/workflows")).workflows,
  workflow: (name: string) => json<Signature>("GET", `v1/workflows/${encodeURIComponent(name)}`),

  /** Jobs of a workflow, newest first; `cursor` is `next` of the page before. */
  jobs: (workflow: string, cursor?: string) =>
    json<JobPage>(
      "GET",
      `v1/jobs?${new URLSearchParams({ workflow, limit: String(PAGE), ...(cursor ? { cursor } : {}) })}`,
    ),
  job: (id: string) => json<FormJob>("GET", jobPath(id)),
  cancel: (id: string) => json<FormJob>("DELETE", jobPath(id)),

  /** Queue a job. Outputs are asked for by their nodes: a name may be a title that two have. */
  submit: ({ name, outputs }: Signature, inputs: Readonly<Record<string, unknown>>) => {
    const nodes = Object.values(outputs).map((each) => each.node_id);
    const wanted = nodes.length > 0 ? { outputs: nodes } : {};
    return json<FormJob>("POST", "v1/jobs", { body: { workflow: name, inputs, ...wanted } });
  },
};

/** The address of a form: of the list of them without a name. */
export function formAddress(workflow?: string): string {
  return address("form", { workflow });
}

function jobPath(id: string): string {
  return `v1/jobs/${encodeURIComponent(id)}`;
}
