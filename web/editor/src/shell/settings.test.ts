import { afterEach, beforeEach, expect, it } from "vitest";
import { startTheme, togglePanel, useSettings } from "./settings";

const BEFORE = useSettings.getState();
let end = () => {};

beforeEach(() => {
  end = startTheme();
});

afterEach(() => {
  end();
  useSettings.setState(BEFORE);
});

it("puts the theme on the page, and leaves it to the system if none is chosen", () => {
  useSettings.setState({ theme: "dark" });
  expect(document.documentElement.dataset["theme"]).toBe("dark");
  useSettings.setState({ theme: "system" });
  expect(document.documentElement.dataset["theme"]).toBeUndefined();
});

it("closes a panel that is open, and opens one in place of another", () => {
  togglePanel("queue");
  togglePanel("gallery");
  expect(useSettings.getState().panel).toBe("gallery");
  togglePanel("gallery");
  expect(useSettings.getState().panel).toBeNull();
});

it("keeps what was chosen in this browser", () => {
  useSettings.setState({ snap: true });
  expect(JSON.parse(localStorage.getItem("wireloom.settings") ?? "").state.snap).toBe(true);
});
