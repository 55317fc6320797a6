import { beforeEach, expect, test } from "vitest";
import examples from "../../../../tests/conformance/examples.json";
import { setValue } from "../graph/edits";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc, DocNode, NodeSpec } from "../graph/types";
import { useRun } from "../store/run";
import { useSettings } from "../shell/settings";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { fakeObjectUrls, fakeServer, reply, type Request } from "./fakes";
import { clientId } from "./ids";
import { hear } from "./messages";
import { repeat, submit } from "./submit";
import { followTabs } from "./tracks";

interface Body {
  readonly prompt: { readonly nodes: readonly { readonly id: number }[] };
  readonly prompt_id: string;
  readonly extra_data: { readonly extra_pnginfo: { readonly workflow: unknown } };
}

const REFUSALS = examples.validation_cases as unknown as Record<string, { response: object }>;
const ACCEPTED = { prompt_id: "", number: 1, node_errors: {} };
let tab = "";
let doc: Doc;

beforeEach(() => {
  fakeObjectUrls();
  const spec = (output_node: boolean) => ({ output_node, input: {}, input_order: {} }) as unknown as NodeSpec;
  useSpecs.setState({ specs: { Make: spec(false), Show: spec(true) }, state: "ready" });
  doc = workflow();
  tab = useWorkspace.getState().open("test", doc);
});

/** 1 feeds 2, which is shown; 3 is not needed, 4 is muted, 5 is a note. */
function workflow(): Doc {
  const node = (id: string, type: string, mode = 0): DocNode => ({
    id,
    type,
    mode,
    pos: [0, 0],
    size: [100, 100],
    flags: {},
    properties: {},
    inputs: type === "Show" ? [{ name: "v", type: "*", rest: {} }] : [],
    outputs: type === "Make" ? [{ name: "v", type: "*", rest: {} }] : [],
    values: [],
    rest: {},
  });
  const nodes = [node("1", "Make"), node("2", "Show"), node("3", "Make"), node("4", "Show", 2), node("5", "Note")];
  const link = { id: 1, from: "1", fromSlot: 0, to: "2", toSlot: 0, type: "*", rest: {} };
  return applyAll(emptyDoc(), [
    ...nodes.map((after) => ({ of: "nodes", id: after.id, before: null, after }) as const),
    { of: "links", id: 1, before: null, after: link },
  ]);
}

const run = () => useRun.getState().runs[tab];
const faults = () => useRun.getState().faults[tab];
const body = ({ body }: Request) => body as Body;

test("the document goes to the server as it would be saved, and what it needs waits", async () => {
  const asked = fakeServer({ "POST /api/prompt": ACCEPTED });
  await submit(tab, doc);
  const sent = body(asked[0]!);
  expect(sent.prompt.nodes.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  expect(sent.extra_data.extra_pnginfo.workflow).toEqual(sent.prompt);
  expect(sent).toMatchObject({ client_id: clientId() });
  expect(sent).not.toHaveProperty("partial_execution_targets");
  expect(run()).toEqual({
    jobId: sent.prompt_id,
    state: "pending",
    nodes: { 1: { state: "waiting" }, 2: { state: "waiting" } },
  });
  expect(useRun.getState().tabOf[sent.prompt_id]).toBe(tab);
});

test("a seed that no number holds exactly goes to the server as it is", async () => {
  const asked = fakeServer({ "POST /api/prompt": ACCEPTED });
  const seed = 2n ** 64n - 1n;
  await submit(tab, applyAll(doc, setValue(doc, "1", 0, seed)));
  const { prompt, extra_data } = body(asked[0]!);
  expect(prompt.nodes[0]).toMatchObject({ widgets_values: [seed] });
  expect(extra_data.extra_pnginfo.workflow).toMatchObject({ nodes: [{ widgets_values: [seed] }, {}, {}, {}, {}] });
});

test("a job can go before others, and only as far as to one node", async () => {
  const asked = fakeServer({ "POST /api/prompt": ACCEPTED });
  await submit(tab, doc, { front: true, only: ["1"] });
  expect(asked[0]!.body).toMatchObject({ front: true, partial_execution_targets: ["1"] });
  expect(Object.keys(run()!.nodes)).toEqual(["1"]);
});

test("a refusal is told at each node and input, and not once more as a whole", async () => {
  fakeServer({ "POST /api/prompt": () => reply(REFUSALS.missing!.response, 400) });
  expect(await submit(tab, doc)).toBeNull();
  expect(faults()?.some(({ node }) => node === null)).toBe(false);
  expect(faults()).toContainEqual({ node: "1", input: "c2", message: "Required input is missing", details: "c2" });
  expect(run()).toBeUndefined();
});

test("what is wrong with some outputs only is told, and the rest waits to run", async () => {
  const response = { ...ACCEPTED, node_errors: (REFUSALS.partial_ok!.response as typeof ACCEPTED).node_errors };
  fakeServer({ "POST /api/prompt": response });
  await submit(tab, doc);
  expect(faults()).toMatchObject([{ node: "2", input: "v" }]);
  expect(run()?.state).toBe("pending");
});

test("a node of a type that the server lacks is told at that node", async () => {
  const error = {
    type: "missing_node_type",
    message: "Node 'X' not found.",
    details: "",
    extra_info: { node_id: "7:2" },
  };
  fakeServer({ "POST /api/prompt": () => reply({ error, node_errors: {} }, 400) });
  await submit(tab, doc);
  expect(faults()).toMatchObject([{ node: "7", message: "Node 'X' not found." }]);
});

test("all nodes of types that the server lacks are told, each at its place", async () => {
  const other = { node_id: "9", class_type: "Y", node_title: "Y", message: "Node 'Y' not found.", details: "" };
  const extra_info = { node_id: "7:2", others: [other] };
  const error = { type: "missing_node_type", message: "Node 'X' not found.", details: "", extra_info };
  fakeServer({ "POST /api/prompt": () => reply({ error, node_errors: {} }, 400) });
  await submit(tab, doc);
  expect(faults()).toMatchObject([
    { node: "7", message: "Node 'X' not found." },
    { node: "9", message: "Node 'Y' not found." },
  ]);
});

test("a refusal without a place is told of the whole", async () => {
  const error = { type: "prompt_no_outputs", message: "Prompt has no outputs", details: "", extra_info: {} };
  fakeServer({ "POST /api/prompt": () => reply({ error, node_errors: {} }, 400) });
  await submit(tab, doc);
  expect(faults()).toMatchObject([{ node: null, message: "Prompt has no outputs" }]);
});

test("a job is run again for its tab, as it was", async () => {
  const asked = fakeServer({ "POST /api/prompt": ACCEPTED });
  const prompt = { "1": { class_type: "Make" }, "2:7": { class_type: "Show" } };
  const id = await repeat(tab, { prompt, extra_data: { wireloom_tab: "another", x: 1 }, targets: ["2:7"] });
  expect(asked[0]!.body).toMatchObject({
    prompt,
    extra_data: { wireloom_tab: tab, x: 1 },
    partial_execution_targets: ["2:7"],
  });
  expect(run()).toMatchObject({ jobId: id, nodes: { 1: { state: "waiting" }, 2: { state: "waiting" } } });
});

test("a server that cannot be reached is a fault, and the run before stays", async () => {
  fakeServer({ "POST /api/prompt": ACCEPTED });
  expect(await submit(tab, doc)).toBe(run()?.jobId);
  const before = run();
  fakeServer({
    "POST /api/prompt": () => {
      throw new TypeError("fetch failed");
    },
  });
  await submit(tab, doc);
  expect(faults()).toMatchObject([{ node: null, message: "The server cannot be reached" }]);
  expect(run()).toBe(before);
});

test("a job may start before the server has answered", async () => {
  fakeServer({
    "POST /api/prompt": (request: Request) => {
      hear({ type: "execution_start", data: { prompt_id: body(request).prompt_id, timestamp: 7 } });
      return ACCEPTED;
    },
  });
  await submit(tab, doc);
  expect(run()).toMatchObject({ state: "running", startedAt: 7 });
});

test("a tab that is closed while its job is submitted comes to no harm", async () => {
  const stop = followTabs();
  fakeServer({
    "POST /api/prompt": () => {
      useWorkspace.getState().close(tab);
      return ACCEPTED;
    },
  });
  await submit(tab, doc);
  expect(run()).toBeUndefined();
  expect(faults()).toBeUndefined();
  stop();
});

test("says how much of the workflow saved files may hold, if that is not all", async () => {
  const asked = fakeServer({ "POST /api/prompt": ACCEPTED });
  await submit(tab, doc);
  useSettings.setState({ embed: "recipe" });
  await submit(tab, doc);
  useSettings.setState({ embed: "full" });
  expect(asked.map((request) => "embed" in body(request).extra_data)).toEqual([false, true]);
  expect(body(asked[1]!).extra_data).toMatchObject({ embed: "recipe" });
});
