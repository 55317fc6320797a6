import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { addNode, connect } from "../graph/edits";
import { applyAll, emptyDoc } from "../graph/ops";
import type { Doc, NodeSpec } from "../graph/types";
import { useRun } from "../store/run";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { runActive, useRunCount } from "./run_actions";
import { runTargets } from "./run_targets";

function spec(name: string, input: Record<string, unknown>, output: string[], output_node = false): NodeSpec {
  return {
    name,
    display_name: name,
    description: "",
    category: "",
    python_module: "nodes",
    output_node,
    is_input_list: false,
    input: { required: input, optional: undefined, hidden: undefined },
    input_order: { required: Object.keys(input) },
    output,
    output_name: output,
    output_is_list: output.map(() => false),
  };
}

const SPECS = {
  Draw: spec("Draw", { seed: ["INT", { default: 5, min: 0, max: 100, control_after_generate: true }] }, ["IMAGE"]),
  Blur: spec("Blur", { image: ["IMAGE", {}] }, ["IMAGE"]),
  Show: spec("Show", { image: ["IMAGE", {}] }, [], true),
};

/** Draw -> Blur -> Show, and Draw -> another Show. */
function workflow(): { doc: Doc; draw: string; blur: string; show: string; other: string } {
  let doc = emptyDoc();
  const add = (type: keyof typeof SPECS, values: readonly unknown[] = []) => {
    const { ops, id } = addNode(doc, SPECS[type], [0, 0], values);
    doc = applyAll(doc, ops);
    return id;
  };
  const draw = add("Draw", [5, "increment"]);
  const [blur, show, other] = [add("Blur"), add("Show"), add("Show")];
  for (const [from, to] of [
    [draw, blur],
    [blur, show],
    [draw, other],
  ] as const) {
    doc = applyAll(doc, connect(doc, from, 0, to, 0));
  }
  return { doc, draw, blur, show, other };
}

const sent: { prompt: { nodes: { id: number; widgets_values?: unknown[] }[] }; front?: boolean }[] = [];
let answer: () => Response;

beforeEach(() => {
  sent.length = 0;
  answer = () => Response.json({ prompt_id: "x", number: 0, node_errors: {} });
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    sent.push(JSON.parse(init.body as string));
    return answer();
  });
  useSpecs.setState({ specs: SPECS, state: "ready" });
  useRun.setState({ runs: {}, faults: {}, tabOf: {} });
  useWorkspace.getState().open("test", workflow().doc);
});
afterEach(() => vi.unstubAllGlobals());

const seedIn = (nodes: { widgets_values?: unknown[] }[]) => nodes[0]!.widgets_values?.[0];

it("queues as often as asked, the seed moving on between and after", async () => {
  await runActive({ count: 3, front: true });
  expect(sent.map(({ prompt }) => seedIn(prompt.nodes))).toEqual([5, 6, 7]);
  expect(sent.every(({ front }) => front)).toBe(true);
  const { doc } = activeTab(useWorkspace.getState());
  expect((doc.nodes[doc.order[0]!]!.values as unknown[])[0]).toBe(8);
});

it("stops at the first refusal, leaves the seed, and says what is wrong", async () => {
  const error = { type: "prompt_no_outputs", message: "Prompt has no outputs", details: "", extra_info: {} };
  answer = () => Response.json({ error, node_errors: {} }, { status: 400 });
  await runActive({ count: 3 });
  expect(sent).toHaveLength(1);
  const tab = activeTab(useWorkspace.getState());
  expect(tab.past).toHaveLength(0);
  expect(useRun.getState().faults[tab.id]?.[0]?.message).toContain("no outputs");
});

it("takes 1 to 100 runs", () => {
  const { setCount } = useRunCount.getState();
  for (const [given, kept] of [
    [0, 1],
    [NaN, 1],
    [3.4, 3],
    [1000, 100],
  ] as const) {
    setCount(given);
    expect(useRunCount.getState().count).toBe(kept);
  }
  setCount(1);
});

it("runs to any of the selected nodes, be it an output or not", async () => {
  const { doc, blur, show } = workflow();
  const specs = { ...SPECS, PreviewAny: spec("PreviewAny", { source: ["*", {}] }, [], true) };
  expect(runTargets(doc, specs, [blur, show, "99"])).toEqual([blur, show]);
  expect(runTargets(doc, SPECS, [blur, show])).toEqual([show]); // nothing there to run Blur with
  useSpecs.setState({ specs });
  await runActive({ only: [blur] });
  expect(sent[0]).toMatchObject({ partial_execution_targets: [`${blur}:run`] });
});
