import { cleanup, render, screen } from "@testing-library/react";
import { createElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fakeServer } from "../api/fakes";
import { emptyDoc } from "../graph/ops";
import type { NodeSpec, Specs } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeTab, newTab, useWorkspace } from "../store/workspace";
import { openFile, openJson } from "./open";
import { useReport } from "./report";
import { ReportDialog } from "./ReportDialog";

const UI = {
  nodes: [{ id: 1, type: "LoadImage", pos: [0, 0], size: [9, 9], widgets_values: ["a.png", "image"] }],
  links: [],
  version: 0.4,
};

beforeEach(() => {
  vi.stubGlobal("fetch", serve);
  const tab = newTab("Untitled", emptyDoc());
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  useSpecs.setState({ specs: specs("a.png"), state: "ready" });
  useReport.setState({ report: null });
});

afterEach(() => vi.unstubAllGlobals());

describe("a file", () => {
  it("with a workflow opens in a tab of its name, in place of an empty one", async () => {
    await openFile(file("my: flow.json", JSON.stringify(UI)));
    expect(names()).toEqual(["my_ flow"]);
    expect(nodes().map((node) => node.type)).toEqual(["LoadImage"]);
  });

  it("in API format opens as a graph", async () => {
    await openFile(file("api.json", JSON.stringify({ 3: { class_type: "LoadImage", inputs: { image: "a.png" } } })));
    expect(nodes()).toMatchObject([{ id: "3", type: "LoadImage" }]);
  });

  it("that is neither a workflow nor a picture changes nothing", async () => {
    await openFile(file("notes.txt", "hello"));
    await openFile(file("broken.json", "{"));
    expect(names()).toEqual(["Untitled"]);
  });

  it("that is a mere picture is uploaded, and becomes a node that loads it, in one step", async () => {
    await openFile(file("b.png", "no png at all", "image/png"), [30, 40]);
    expect(nodes()).toMatchObject([{ type: "LoadImage", pos: [30, 40], values: ["b.png", "image"] }]);
    expect(useWorkspace.getState().selection.nodes).toEqual([nodes()[0]!.id]);
    useWorkspace.getState().undo();
    expect(nodes()).toEqual([]);
  });
});

it("a picture of a web UI opens as the server reads its text, and what is lost is told", async () => {
  const parameters = "a cat\nSteps: 20, Sampler: Euler, Seed: 1, Tiling: True";
  const chunk = `${String.fromCharCode(0, 0, 0, 11 + parameters.length)}tEXtparameters\0${parameters}0000`;
  const png = Uint8Array.from(`\x89PNG\r\n\x1a\n${chunk}`, (letter) => letter.charCodeAt(0));
  const asked = fakeServer({
    "POST /v1/workflows/infotext": {
      workflow: { 1: { class_type: "LoadImage", inputs: { image: "a.png" } } },
      left_out: ["Tiling: True"],
    },
  });
  await openFile(new File([png], "cat.png", { type: "image/png" }));
  expect(asked[0]!.body).toEqual({ text: parameters });
  expect(names()).toEqual(["cat"]);
  expect(nodes()).toMatchObject([{ id: "1", type: "LoadImage" }]);
  render(createElement(ReportDialog));
  expect((await screen.findByRole("dialog")).textContent).toContain("Tiling: True");
  expect(screen.getByRole("heading", { name: "Not all of “cat” could be carried over" })).toBeTruthy();
  cleanup();
});

it("what a workflow needs and the server lacks is told, and left as it is", async () => {
  useSpecs.setState({ specs: specs("other.png") });
  await openJson(UI, "foreign");
  await vi.waitFor(() => expect(useReport.getState().report).not.toBeNull());
  expect(useReport.getState().report!.missing.values).toMatchObject([
    { nodes: ["1"], input: "image", value: "a.png", folder: "input" },
  ]);
  expect(nodes()[0]!.values).toEqual(["a.png", "image"]);
});

it("what is no workflow is refused", async () => {
  await openJson(["not", "a", "workflow"], "list");
  expect(names()).toEqual(["Untitled"]);
});

/** A server that keeps what is uploaded. */
async function serve(address: string, { body }: RequestInit): Promise<Response> {
  if (!address.endsWith("/upload/image")) return Response.json(specs("a.png", "b.png"));
  return Response.json({ name: ((body as FormData).get("image") as File).name, subfolder: "", type: "input" });
}

function specs(...images: string[]): Specs {
  const LoadImage: NodeSpec = {
    name: "LoadImage",
    display_name: "Load Image",
    description: "",
    category: "image",
    python_module: "",
    output_node: false,
    is_input_list: false,
    input: { required: { image: [images, { image_upload: true }] }, optional: undefined, hidden: undefined },
    input_order: { required: ["image"] },
    output: ["IMAGE"],
    output_name: ["IMAGE"],
    output_is_list: [false],
  };
  return { LoadImage };
}

function file(name: string, content: string, type = ""): File {
  return new File([content], name, { type });
}

function names(): string[] {
  return useWorkspace.getState().tabs.map((tab) => tab.name);
}

function nodes() {
  return Object.values(activeTab(useWorkspace.getState()).doc.nodes);
}
