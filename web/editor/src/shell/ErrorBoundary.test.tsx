// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ErrorBoundary } from "./ErrorBoundary";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

it("keeps the page when something breaks, says what, and goes on when asked to", () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // React reports what it caught
  let broken = true;
  function Fragile() {
    if (broken) throw new Error("node 7 has no type");
    return <p>drawn</p>;
  }
  render(
    <ErrorBoundary>
      <Fragile />
    </ErrorBoundary>,
  );
  expect(screen.getByRole("alert").textContent).toContain("node 7 has no type");
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Go on" }));
  expect(screen.getByText("drawn")).toBeTruthy();
});

it("hands out the active workflow as a file", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const files: Blob[] = [];
  URL.createObjectURL = (file) => {
    files.push(file as Blob);
    return "blob:test";
  };
  URL.revokeObjectURL = () => {};
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  function Broken(): never {
    throw new Error("no");
  }
  render(
    <ErrorBoundary>
      <Broken />
    </ErrorBoundary>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Download workflow" }));
  expect(click).toHaveBeenCalledTimes(1);
  expect(JSON.parse(await files[0]!.text())).toMatchObject({ nodes: [], links: [] });
});
