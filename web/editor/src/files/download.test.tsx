import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeServer, reply, type Request } from "../api/fakes";
import { parseJson } from "../graph/json";
import { loadDoc } from "../graph/load";
import { Toasts } from "../shell/toast";
import { newTab, useWorkspace } from "../store/workspace";
import { exportApi, exportTab } from "./download";

const UI = { nodes: [{ id: 1, type: "A", widgets_values: [2n ** 64n - 1n] }], links: [], version: 0.4 };
const PROMPT = { "1": { class_type: "A", inputs: { seed: 2n ** 64n - 1n } } };

let handed: { name: string; file: Blob }[];

beforeEach(() => {
  handed = [];
  let file = new Blob();
  vi.spyOn(URL, "createObjectURL").mockImplementation((given) => {
    file = given as Blob;
    return "blob:";
  });
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue();
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    handed.push({ name: this.download, file });
  });
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("a workflow is handed out as it would be saved", async () => {
  exportTab(open());
  expect(handed.map(({ name }) => name)).toEqual(["flow.json"]);
  expect(parseJson(await handed[0]!.file.text())).toEqual(UI);
});

it("a workflow is handed out in API format as the server says it", async () => {
  const asked: Request[] = fakeServer({ "POST /v1/workflows/convert": PROMPT });
  await exportApi(open());
  expect(asked[0]!.body).toEqual(UI);
  expect(handed.map(({ name }) => name)).toEqual(["flow.api.json"]);
  expect(parseJson(await handed[0]!.file.text())).toEqual(PROMPT);
});

it("what the server cannot put into API format is told", async () => {
  const error = { message: "Node 'A' not found.", details: "Node ID '#1'" };
  fakeServer({ "POST /v1/workflows/convert": reply({ error, node_errors: {} }, 400) });
  render(<Toasts />);
  await exportApi(open());
  expect(handed).toEqual([]);
  expect((await screen.findByRole("alert")).textContent).toContain("Node 'A' not found.");
});

function open(): string {
  const tab = newTab("flow", loadDoc(UI));
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  return tab.id;
}
