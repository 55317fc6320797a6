import * as ContextMenu from "@radix-ui/react-context-menu";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { loadDoc } from "../graph/load";
import { privateOf } from "../graph/private";
import type { NodeSpec } from "../graph/types";
import { useSpecs } from "../store/specs";
import { activeTab, newTab, useWorkspace } from "../store/workspace";
import { PrivateMenu } from "./PrivateMenu";

afterEach(cleanup);

it("the values of the selected node are left out of pictures, one by one, and undo takes that back", async () => {
  const spec = { input: { required: { text: ["STRING", {}], steps: ["INT", {}] } }, input_order: {}, output: [] };
  useSpecs.setState({ specs: { Words: { ...spec, name: "Words" } as unknown as NodeSpec }, state: "ready" });
  const node = { id: 1, type: "Words", widgets_values: ["a cat", 3] };
  const tab = newTab("flow", loadDoc({ nodes: [node], links: [], version: 0.4 }));
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  useWorkspace.getState().select(["1"]);
  render(
    <ContextMenu.Root>
      <ContextMenu.Trigger>node</ContextMenu.Trigger>
      <ContextMenu.Content>
        <PrivateMenu />
      </ContextMenu.Content>
    </ContextMenu.Root>,
  );

  const choose = async (name: string) => {
    fireEvent.contextMenu(screen.getByText("node"));
    fireEvent.keyDown(await screen.findByRole("menuitem", { name: /Left out of pictures/ }), { key: "ArrowRight" });
    fireEvent.click(await screen.findByRole("menuitemcheckbox", { name }));
  };
  await choose("text");
  expect(marked()).toEqual(["text"]);
  await choose("steps");
  expect(marked()).toEqual(["text", "steps"]);
  useWorkspace.getState().undo();
  expect(marked()).toEqual(["text"]);
});

function marked(): readonly string[] {
  return privateOf(activeTab(useWorkspace.getState()).doc.nodes["1"]!);
}
