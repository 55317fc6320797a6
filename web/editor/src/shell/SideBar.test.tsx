import * as Tooltip from "@radix-ui/react-tooltip";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useRun } from "../store/run";
import { useWorkspace } from "../store/workspace";
import { useSettings } from "./settings";
import { SideBar } from "./SideBar";

vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);

afterEach(() => {
  cleanup();
  useSettings.setState({ panel: null });
});

function show(): void {
  render(
    <Tooltip.Provider>
      <SideBar />
    </Tooltip.Provider>,
  );
}

it("opens one panel at a time, and closes it by the same button", () => {
  show();
  fireEvent.click(screen.getByRole("button", { name: "Nodes" }));
  expect(screen.getByRole("region", { name: "Nodes" })).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Node help" }));
  expect(screen.queryByRole("region", { name: "Nodes" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Node help" }));
  expect(screen.queryByRole("region")).toBeNull();
});

it("counts the problems of the active workflow at their button", () => {
  const fault = { node: "1", input: null, message: "No model", details: "" };
  useRun.setState({ faults: { [useWorkspace.getState().active]: [fault, fault] } });
  show();
  expect(screen.getByRole("button", { name: "Problems" }).textContent).toBe("2");
});
