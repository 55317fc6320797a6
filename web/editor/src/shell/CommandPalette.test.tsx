import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { NodeSpec } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeTab, useWorkspace } from "../store/workspace";
import { CommandPalette } from "./CommandPalette";
import { registerCommand } from "./commands";
import { showDialog, useDialogs } from "./dialogs";

// cmdk measures its list and scrolls to what is chosen: jsdom has neither.
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
Element.prototype.scrollIntoView = () => {};

const BLUR = {
  name: "Blur",
  display_name: "Blur picture",
  category: "image",
  description: "",
  input: { required: {}, optional: {}, hidden: {} },
  input_order: {},
  output: ["IMAGE"],
  output_name: ["IMAGE"],
  output_is_list: [false],
} as unknown as NodeSpec;

afterEach(cleanup);

beforeEach(() => {
  useSpecs.setState({ specs: { Blur: BLUR }, state: "ready" });
  showDialog("palette");
  render(<CommandPalette />);
});

it("finds a command by its title, closes and runs it", async () => {
  const run = vi.fn();
  registerCommand({ id: "test", title: "Shake the tree", keys: "T", run });
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "shake" } });
  fireEvent.click(await screen.findByRole("option", { name: /Shake the tree/ }));
  expect(run).toHaveBeenCalledTimes(1);
  expect(useDialogs.getState().open).toBeNull();
});

it("adds a node of the type that was chosen", async () => {
  fireEvent.click(await screen.findByRole("option", { name: /Blur picture/ }));
  await waitFor(() => {
    const { nodes } = activeTab(useWorkspace.getState()).doc;
    expect(Object.values(nodes).map((node) => node.type)).toEqual(["Blur"]);
  });
});

it("leaves out what has the letters only here and there", async () => {
  registerCommand({ id: "test", title: "Shake the tree", run: () => {} });
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "seer" } });
  expect(await screen.findByText("Nothing is called that.")).toBeTruthy();
});
