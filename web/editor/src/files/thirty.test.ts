// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { widgetsOf } from "../graph/inputs";
import { jsonText, parseJson } from "../graph/json";
import { docFromApi, isUi, loadDoc } from "../graph/load";
import { type Carried, parseLoosely, workflowIn } from "../graph/metadata";
import { isFields, type Fields } from "../graph/same";
import { saveDoc } from "../graph/save";
import type { Doc, Specs } from "../graph/types";
import { missingIn } from "./missing";

/** Workflow files as users publish them, and what opening each must report: see `tests/support/thirty.py`. */
const FIXTURES = new URL("../../../../tests/fixtures/", import.meta.url);

interface Expected {
  readonly file: string;
  readonly format: string;
  readonly nodes: number;
  readonly types?: Readonly<Record<string, number>>;
  readonly values?: readonly Fields[];
}

const THIRTY = json("thirty.json") as Expected[];
const SPECS = json("thirty_types.json") as Specs;
/** The server reads the text of web UIs; what becomes of it is tried in the browser. */
const TEXT = "30_web_ui.png";
const OPENED = THIRTY.filter(({ file }) => file !== TEXT);
const IN_API = OPENED.filter(({ format }) => format === "API");
const DRAWN = OPENED.filter(({ format }) => format !== "API");

describe("a workflow file as users publish it", () => {
  it("is one of thirty, all of which are tried", () => {
    expect(THIRTY.map(({ file }) => file)).toEqual(readdirSync(new URL("thirty/", FIXTURES)).sort());
    expect(THIRTY).toHaveLength(30);
  });

  it.each(DRAWN)("is saved as it came: $file", async ({ file }) => {
    const saved = saveDoc(await opened(file));
    expect(parseJson(jsonText(saved))).toEqual(sourceOf(file));
  });

  it.each(IN_API)("means the same once it is drawn: $file", async ({ file }) => {
    const { prompt } = await carriedBy(file);
    expect(inApi(await opened(file))).toMatchObject(meant(prompt));
  });

  it.each(OPENED)("reports what is not here: $file", async ({ file, nodes, types = {}, values = [] }) => {
    const doc = await opened(file);
    const missing = missingIn(doc, SPECS);
    expect(doc.order).toHaveLength(nodes);
    expect(Object.fromEntries(missing.types.map(({ type, count }) => [type, count]))).toEqual(types);
    expect(missing.values.map(({ nodes: _, url: __, ...told }) => told)).toEqual(values);
  });

  it("brings the addresses of its files along", async () => {
    const { values } = missingIn(await opened("20_another_family.json"), SPECS);
    expect(values.map(({ url }) => url)).toEqual([
      "https://models.example/flux1-dev",
      "https://models.example/clip_l",
      "https://models.example/t5xxl",
      "https://models.example/ae",
    ]);
  });

  it("may be a text that the server reads", async () => {
    expect(await carriedBy(TEXT)).toEqual({ parameters: text("carried/30_web_ui.txt") });
  });
});

function text(path: string): string {
  return readFileSync(new URL(path, FIXTURES), "utf8");
}

function json(path: string): unknown {
  return JSON.parse(text(path));
}

async function carriedBy(file: string): Promise<Carried> {
  const found = await workflowIn(new Blob([readFileSync(new URL(`thirty/${file}`, FIXTURES))]));
  expect(found).not.toBeNull();
  return found!;
}

async function opened(file: string): Promise<Doc> {
  const { workflow, prompt } = await carriedBy(file);
  return isUi(workflow) ? loadDoc(workflow) : docFromApi(prompt, SPECS);
}

/** The workflow in a file, read by other means: what pictures carry lies beside them. */
function sourceOf(file: string): unknown {
  if (file.endsWith(".json")) return parseLoosely(text(`thirty/${file}`).replace(/^\uFEFF/, ""));
  return parseJson(text(`carried/${file.replace(/\.\w+$/, ".json")}`));
}

type Inputs = Readonly<Record<string, unknown>>;

/** What a document that came in API format says, in that format's words. */
function inApi(doc: Doc): Record<string, { type: string; inputs: Inputs }> {
  return Object.fromEntries(
    Object.values(doc.nodes).map((node) => {
      const values = widgetsOf(node, SPECS[node.type]!).map(({ name, value }) => [name, value] as const);
      const links = Object.values(doc.links).filter((link) => link.to === node.id);
      const wires = links.map((link) => [node.inputs[link.toSlot]!.name, [link.from, link.fromSlot]] as const);
      return [node.id, { type: node.type, inputs: Object.fromEntries([...values, ...wires]) }];
    }),
  );
}

function meant(prompt: unknown): Record<string, { type: unknown; inputs: unknown }> {
  const nodes = isFields(prompt) ? Object.entries(prompt) : [];
  return Object.fromEntries(
    nodes.map(([id, node]) => {
      const { class_type: type, inputs } = node as Fields;
      return [id, { type, inputs }];
    }),
  );
}
