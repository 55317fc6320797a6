import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { emptyDoc } from "../graph/ops";
import { newTab, useWorkspace } from "../store/workspace";
import { Questions } from "./Questions";
import { Tabs } from "./Tabs";

beforeEach(() => {
  const tabs = ["One", "Two", "Three"].map((name) => newTab(name, emptyDoc()));
  useWorkspace.setState({ tabs, active: tabs[0]!.id });
  render(
    <>
      <Tabs />
      <Questions />
    </>,
  );
});

afterEach(cleanup);

it("shows which workflow is open, and which is not saved", () => {
  expect(names()).toEqual(["One", "Two", "Three"]);
  expect(selected()).toBe("One");
  edit();
  expect(selected()).toBe("One, not saved");
  expect(document.title).toBe("• One · wireloom");
});

it("goes through the tabs with the arrow keys, the focus with them", () => {
  tab("One").focus();
  press("ArrowRight");
  expect(selected()).toBe("Two");
  expect(document.activeElement).toBe(tab("Two"));
  press("ArrowLeft");
  press("ArrowLeft");
  expect(selected()).toBe("Three");
});

it("closes by its mark, by a middle click and by Delete", async () => {
  fireEvent.click(within(tab("Three")).getByTitle("Close"));
  await waitFor(() => expect(names()).toEqual(["One", "Two"]));
  fireEvent(tab("Two"), new MouseEvent("auxclick", { button: 1, bubbles: true }));
  await waitFor(() => expect(names()).toEqual(["One"]));
  tab("One").focus();
  press("Delete");
  await waitFor(() => expect(names()).toEqual(["Untitled"])); // there is always one
});

it("asks before it closes what is not saved", async () => {
  edit();
  tab("One, not saved").focus();
  press("Delete");
  await screen.findByRole("dialog", { name: "Save “One” before closing?" });
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(names()).toEqual(["One, not saved", "Two", "Three"]);
});

it("renames by F2, and refuses a name that cannot be", async () => {
  tab("One").focus();
  press("F2");
  const field = await screen.findByRole("textbox", { name: "Name" });
  fireEvent.change(field, { target: { value: "a:b" } });
  expect(screen.getByRole("alert").textContent).toContain("cannot be part of a name");
  expect(screen.getByRole("button", { name: "Rename" })).toHaveProperty("disabled", true);
  fireEvent.change(field, { target: { value: "Portrait" } });
  fireEvent.click(screen.getByRole("button", { name: "Rename" }));
  await waitFor(() => expect(names(true)).toEqual(["Portrait", "Two", "Three"]));
});

it("opens an empty workflow", () => {
  fireEvent.click(screen.getByRole("button", { name: "New workflow" }));
  expect(selected()).toBe("Untitled");
});

function tab(name: string): HTMLElement {
  return screen.getByRole("tab", { name });
}

/** `hidden`: also while a dialog that is going hides what is behind it. */
function names(hidden = false): (string | null)[] {
  return screen.getAllByRole("tab", { hidden }).map((each) => each.getAttribute("aria-label"));
}

function selected(): string | null {
  return screen.getByRole("tab", { selected: true }).getAttribute("aria-label");
}

function press(key: string): void {
  fireEvent.keyDown(document.activeElement!, { key });
}

function edit(): void {
  const after = { id: 1, title: "Group", bounding: [0, 0, 1, 1], rest: {} } as const;
  act(() => useWorkspace.getState().edit("Add group", [{ of: "groups", id: 1, before: null, after }]));
}
