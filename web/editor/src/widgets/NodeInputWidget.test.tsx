// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import { SPECS } from "../graph/fixtures";
import { loadDoc } from "../graph/load";
import { PlaceContext } from "../nodes/slices";
import { useSpecs } from "../store/specs";
import { useWorkspace } from "../store/workspace";
import { NodeInputWidget } from "./NodeInputWidget";
import { Held, widgetFor } from "./testing";

// jsdom lays nothing out.
beforeAll(() => {
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  HTMLElement.prototype.scrollIntoView = () => {};
});
afterEach(cleanup);

test("an input is typed, or chosen among those that feed the node", () => {
  useSpecs.setState({ specs: SPECS, state: "ready" });
  const doc = loadDoc({
    version: 0.4,
    nodes: [
      { id: 1, type: "Load", title: "Cat", outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }] },
      { id: 2, type: "Blur", inputs: [{ name: "image", type: "IMAGE", link: 1 }] },
    ],
    links: [[1, 1, 0, 2, 0, "IMAGE"]],
  });
  const tab = useWorkspace.getState().open("test", doc);
  const log: unknown[] = [];
  render(
    <PlaceContext.Provider value={{ tab, id: "2", run: "2" }}>
      <Held of={NodeInputWidget} log={log} widget={widgetFor("text", "", { options: { node_input: true } })} />
    </PlaceContext.Provider>,
  );
  fireEvent.change(screen.getByRole("textbox", { name: "steps" }), { target: { value: "7.cfg" } });
  fireEvent.click(screen.getByRole("button", { name: "Choose steps" }));
  fireEvent.click(screen.getByRole("option", { name: "Cat.image" }));
  expect(log).toEqual(["7.cfg", "Cat.image"]);
  expect(screen.queryByRole("option")).toBeNull();
});
