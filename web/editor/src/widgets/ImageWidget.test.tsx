// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { editMask, useMaskEditor } from "../mask/store";
import { ImageWidget } from "./ImageWidget";
import { PlaceContext } from "../nodes/slices";
import { Held, widgetFor } from "./testing";

const MASKED = "clipspace/clipspace-mask-1.png [input]";

afterEach(() => {
  cleanup();
  editMask(null);
});

function show(value: string, tab = "tab"): HTMLElement {
  render(
    <PlaceContext.Provider value={{ tab, id: "1", run: "1" }}>
      <Held of={ImageWidget} log={[]} widget={widgetFor("image", value, { choices: ["cat.png"] })} />
    </PlaceContext.Provider>,
  );
  return screen.getByRole("combobox", { name: "steps" });
}

test("a picture of another folder is not called missing; one that the list should have is", () => {
  expect(show(MASKED).getAttribute("aria-invalid")).toBeNull();
  cleanup();
  expect(show("gone.png").getAttribute("aria-invalid")).toBe("true");
});

test("a masked picture is shown with the colours below its mask", () => {
  show(MASKED);
  const picture = screen.getByRole("img", { name: /clipspace-mask-1.*masked is striped/ }) as HTMLImageElement;
  expect(new URL(picture.src).searchParams.get("channel")).toBeNull();
  const below = picture.previousElementSibling as HTMLElement;
  expect(below.style.getPropertyValue("--picture")).toContain("channel=rgb");
  cleanup();
  show("cat.png");
  expect(screen.getByRole("img").previousElementSibling).toBeNull();
});

test("a button opens the mask editor on the chosen picture; without one, and in a form, there is none", () => {
  show("cat.png");
  fireEvent.click(screen.getByRole("button", { name: "Edit mask" }));
  expect(useMaskEditor.getState().target).toMatchObject({ name: "steps", index: 0, value: "cat.png" });
  cleanup();
  show("");
  expect(screen.queryByRole("button", { name: "Edit mask" })).toBeNull();
  cleanup();
  show("cat.png", "");
  expect(screen.queryByRole("button", { name: "Edit mask" })).toBeNull();
});
