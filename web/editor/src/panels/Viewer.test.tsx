import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Viewer } from "./Viewer";
import { useViewer } from "./viewer_store";

const IMAGES = ["a.png", "b.png", "c.png"].map((filename) => ({ filename, subfolder: "", type: "output", jobId: "j" }));
const prompt = {
  "2": { class_type: "CLIPTextEncode", inputs: { text: "a rocket", clip: ["1", 1] } },
  "5": { class_type: "KSampler", inputs: { seed: 41, positive: ["2", 0] } },
};

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  Element.prototype.scrollTo = () => {};
  vi.stubGlobal("fetch", async () => Response.json({ workflow: { prompt, extra_data: {} } }));
  useViewer.getState().show(IMAGES, 1);
  render(<Viewer />);
});
afterEach(() => {
  useViewer.getState().close();
  cleanup();
  vi.unstubAllGlobals();
});

it("goes to the next and the previous picture by keys, and closes by Escape", () => {
  expect(screen.getByRole("img", { name: "b.png" })).toBeTruthy();
  fireEvent.keyDown(document.body, { key: "ArrowRight" });
  expect(screen.getByRole("img", { name: "c.png" })).toBeTruthy();
  fireEvent.keyDown(document.body, { key: "Home" });
  expect(screen.getByRole("img", { name: "a.png" })).toBeTruthy();
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect(useViewer.getState().open).toBe(false);
});

it("compares two pictures by a divider that keys move, without leaving the picture", () => {
  fireEvent.click(screen.getByRole("button", { name: "Compare" }));
  expect(screen.getAllByRole("img").map((img) => img.getAttribute("alt"))).toEqual(["a.png", "b.png"]);
  const divider = screen.getByRole("slider");
  fireEvent.keyDown(divider, { key: "ArrowRight" });
  expect(useViewer.getState().index).toBe(1);
  fireEvent.change(divider, { target: { value: "25" } });
  expect(screen.getByRole("img", { name: "b.png" }).style.clipPath).toContain("25%");
});

it("shows seed and words, and offers the file", async () => {
  await waitFor(() => expect(screen.getByText("a rocket")).toBeTruthy());
  expect(screen.getByText("41")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Download" }).getAttribute("download")).toBe("b.png");
});
