import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Toasts, toast } from "./toast";

beforeEach(() => {
  vi.useFakeTimers();
  render(<Toasts />);
});

afterEach(() => {
  act(() => vi.runAllTimers());
  vi.useRealTimers();
  cleanup();
});

it("says an error at once, and longer than other things", () => {
  act(() => {
    toast("Saved.", "ok");
    toast("The disk is full", "error");
  });
  act(() => vi.advanceTimersByTime(6000));
  expect(screen.queryByText("Saved.")).toBeNull();
  expect(screen.getByRole("alert").textContent).toContain("The disk is full");
});

it("says the same thing once, until it is dismissed", () => {
  act(() => {
    toast("Connected");
    toast("Connected");
  });
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByText("Connected")).toBeNull();
});
