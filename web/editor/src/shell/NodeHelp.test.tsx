import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { emptyDoc } from "../graph/ops";
import type { DocNode, NodeSpec } from "../graph/types";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { NodeHelp } from "./NodeHelp";

const BLUR = {
  name: "Blur",
  display_name: "Blur picture",
  category: "image",
  description: "Softens a picture.",
  input: {
    required: { image: ["IMAGE"], radius: ["INT", { min: 1, max: 31, default: 3, tooltip: "In pixels." }] },
    optional: {},
    hidden: {},
  },
  input_order: { required: ["image", "radius"] },
  output: ["IMAGE"],
  output_name: ["blurred"],
  output_is_list: [false],
} as unknown as NodeSpec;

afterEach(cleanup);

function select(type: string): void {
  const nodes = { "1": { id: "1", type } as DocNode };
  useWorkspace.getState().open("Test", { ...emptyDoc(), nodes, order: ["1"] });
  useWorkspace.getState().select(["1"]);
}

it("says what the selected node does, takes and gives", () => {
  useSpecs.setState({ specs: { Blur: BLUR }, state: "ready" });
  select("Blur");
  render(<NodeHelp />);
  const text = screen.getByRole("article", { name: "Blur picture" }).textContent;
  for (const part of ["Softens a picture.", "radius", "1 to 31, default 3", "In pixels.", "blurred"])
    expect(text).toContain(part);
});

it("says so if the server does not have the node's type", () => {
  select("FromElsewhere");
  render(<NodeHelp />);
  expect(screen.getByText("The server has no node type “FromElsewhere”.")).toBeTruthy();
});
