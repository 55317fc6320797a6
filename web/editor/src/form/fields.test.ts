import { expect, test } from "vitest";
import { HttpError } from "../api/http";
import { SPECS } from "../graph/fixtures";
import { WORKFLOW } from "./fakes";
import {
  fieldsOf,
  given,
  groupsOf,
  initialValues,
  inputOf,
  labelOf,
  rolled,
  seedNames,
  valuesOfRun,
  widgetOf,
} from "./fields";
import { progressed } from "./progress";
import { refusalsOf } from "./refusals";
import type { Signature } from "./types";

const FIELDS = fieldsOf(WORKFLOW);

/** As the server tells of a workflow that names nothing. */
const PLAIN: Signature = {
  ...WORKFLOW,
  inputs: {
    properties: {
      "2.text": { type: "string", title: "Words: text", default: "a cat" },
      "5.seed": { type: "integer", title: "Draw: seed", default: 7 },
      "5.steps": { type: "integer", title: "Draw: steps", default: 20 },
    },
  },
  places: {
    "2.text": { node_id: "2", class_type: "Encode", input: "text" },
    "5.seed": { node_id: "5", class_type: "Sampler", input: "seed" },
    "5.steps": { node_id: "5", class_type: "Sampler", input: "steps" },
  },
};

test("a field has the control that its node has, and the workflow's value", () => {
  const kinds = FIELDS.map((field) => widgetOf(inputOf(field, SPECS), null).kind);
  expect(kinds).toEqual(["multiline", "int", "int"]);
  expect(initialValues(FIELDS, SPECS)).toEqual({ words: "a cat", seed: 7, steps: 20 });
});

test("of a node type that is not there the schema says enough", () => {
  const choice = { name: "x", place: { node_id: "1", class_type: "Gone", input: "x" } };
  const one = inputOf({ ...choice, property: { type: "string", enum: ["a", "b"] } }, {});
  expect([widgetOf(one, "a").kind, one.choices]).toEqual(["combo", ["a", "b"]]);
  const several = inputOf({ ...choice, property: { type: "array", items: { enum: ["a"] } } }, {});
  expect(several.options["multiselect"]).toBe(true);
  const number = inputOf({ ...choice, property: { type: "number", minimum: 0, maximum: 2 } }, {});
  expect([widgetOf(number, 1).kind, number.options]).toEqual(["float", { min: 0, max: 2 }]);
  expect(widgetOf(inputOf({ ...choice, property: { default: true } }, {}), true).kind).toBe("toggle");
});

test("what was chosen is one group by its names; else there is one for each node", () => {
  const [chosen, ...none] = groupsOf(FIELDS);
  expect([chosen!.title, none]).toEqual([null, []]);
  expect(labelOf(FIELDS[0]!, chosen!)).toBe("words");
  const groups = groupsOf(fieldsOf(PLAIN));
  expect(groups.map(({ title, fields }) => [title, fields.map(({ name }) => name)])).toEqual([
    ["Words", ["2.text"]],
    ["Draw", ["5.seed", "5.steps"]],
  ]);
  expect(labelOf(groups[1]!.fields[0]!, groups[1]!)).toBe("seed");
});

test("seeds are rolled that are to be new, and nothing else", () => {
  expect(seedNames(FIELDS, SPECS)).toEqual(["seed"]);
  const values = initialValues(FIELDS, SPECS);
  const seeds = Array.from({ length: 30 }, () => rolled(FIELDS, values, new Set(["seed"]), SPECS));
  expect(new Set(seeds.map(({ seed }) => seed)).size).toBeGreaterThan(5);
  expect(seeds.every(({ seed, words }) => Number(seed) <= 100 && words === "a cat")).toBe(true);
  expect(rolled(FIELDS, values, new Set(), SPECS)).toEqual(values);
});

test("a run's inputs come back, those that the form still has", () => {
  const values = valuesOfRun(FIELDS, { words: "a dog", "9.gone": 1 }, SPECS);
  expect(values).toEqual({ words: "a dog", seed: 7, steps: 20 });
  expect(given({ ...values, seed: null })).toEqual({ words: "a dog", steps: 20 });
});

test("a refusal stands at its field; what is about none of them is told of the whole", () => {
  const complaint = (input: string, message: string, details = "") => ({
    type: "x",
    message,
    details,
    extra_info: { input_name: input },
  });
  const body = {
    error: { type: "prompt_outputs_failed_validation", message: "All outputs failed" },
    node_errors: {
      "5:1": { class_type: "Sampler", errors: [complaint("steps", "Too small", "0 is below 1")] },
      "9": { class_type: "Other", errors: [complaint("vae", "Missing", "vae")] },
    },
  };
  expect(refusalsOf(new HttpError("All outputs failed", 400, body), FIELDS)).toEqual({
    fields: { steps: "Too small: 0 is below 1" },
    whole: ["Missing: vae"],
  });
  const full = new HttpError("The queue is full", 429, { error: { message: "The queue is full" } });
  expect(refusalsOf(full, FIELDS)).toEqual({ fields: {}, whole: ["The queue is full"] });
});

test("a run is followed by its events; another attempt begins anew", () => {
  const begun = progressed(progressed({ state: "pending" }, "started", {}), "node_started", {});
  const half = progressed(progressed(begun, "progress", { value: 2, total: 4 }), "preview", { image: "data:x" });
  expect(half).toEqual({ state: "running", value: 2, total: 4, preview: "data:x" });
  expect(progressed(half, "node_started", {})).toEqual({ state: "running", preview: "data:x" });
  expect(progressed(half, "started", {})).toEqual({ state: "running" });
});
