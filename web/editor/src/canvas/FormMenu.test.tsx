import * as ContextMenu from "@radix-ui/react-context-menu";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Questions } from "../files/Questions";
import { copied } from "../graph/clipboard";
import { paste } from "../graph/edits";
import { exposedOf } from "../graph/exposed";
import { SPECS } from "../graph/fixtures";
import { makeSubgraph } from "../graph/make_subgraph";
import { applyAll } from "../graph/ops";
import { privateOf } from "../graph/private";
import { promote } from "../graph/promote";
import { numbered, textToImage, within } from "../graph/subgraph_fixtures";
import { Toasts } from "../shell/toast";
import { useSpecs } from "../store/specs";
import { activeDoc, activeTab, newTab, useWorkspace } from "../store/workspace";
import { toggleInput } from "./exposing";
import { FormMenu } from "./FormMenu";
import { PrivateMenu } from "./PrivateMenu";

afterEach(cleanup);

/** Node 7 stands for a subgraph that shows the steps of its sampler. */
function openSubgraph(): void {
  useSpecs.setState({ specs: SPECS, state: "ready" });
  const [doc, newId] = [textToImage(), numbered()];
  const made = applyAll(doc, makeSubgraph(doc, { nodes: ["2", "3", "4"], name: "Draw", newId }, SPECS)!.ops);
  const shown = within(made, ["7"], (level) => promote(level, "4", "steps", SPECS["Sampler"]!, newId()));
  const tab = newTab("flow", shown);
  useWorkspace.setState({ tabs: [tab], active: tab.id });
  useWorkspace.getState().select(["7"]);
}

async function tick(menu: string, name: string): Promise<void> {
  fireEvent.contextMenu(screen.getByText("node"));
  fireEvent.keyDown(await screen.findByRole("menuitem", { name: new RegExp(menu) }), { key: "ArrowRight" });
  fireEvent.click(await screen.findByRole("menuitemcheckbox", { name }));
}

it("what a subgraph shows outside can be put into the form, and be private, at the node that stands for it", async () => {
  openSubgraph();
  render(
    <>
      <ContextMenu.Root>
        <ContextMenu.Trigger>node</ContextMenu.Trigger>
        <ContextMenu.Content>
          <FormMenu />
          <PrivateMenu />
        </ContextMenu.Content>
      </ContextMenu.Root>
      <Questions />
    </>,
  );
  await tick("Left out of pictures", "steps");
  await tick("In the form", "steps");
  fireEvent.change(await screen.findByRole("textbox", { name: "Name" }), { target: { value: "rounds" } });
  fireEvent.click(screen.getByRole("button", { name: "Show" }));
  await expect.poll(() => exposedOf(node()).inputs).toEqual({ steps: "rounds" });
  expect(privateOf(node())).toEqual(["steps"]);
});

it("inside of a subgraph that is there twice, one is told that a name leads to one place", async () => {
  openSubgraph();
  const { doc } = activeTab(useWorkspace.getState());
  useWorkspace.getState().edit("paste", paste(doc, copied(doc, ["7"]), [900, 0]).ops);
  useWorkspace.getState().goInto(["7"]);
  useWorkspace.getState().select(["4"]);
  render(<Toasts />);
  await toggleInput("4", "steps");
  expect(screen.getByText(/more than once/)).toBeTruthy();
  expect(exposedOf(activeDoc(useWorkspace.getState()).nodes["4"]!).inputs).toEqual({});
});

function node() {
  return activeTab(useWorkspace.getState()).doc.nodes["7"]!;
}
