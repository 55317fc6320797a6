import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeServer, type Request } from "../api/fakes";
import { useRun } from "../store/run";
import { DEFAULTS, useSettings } from "./settings";
import { startSettingsSync } from "./settings_sync";

let server: Record<string, unknown>;
let stop: () => void;

beforeEach(() => {
  localStorage.clear();
  server = {};
  useSettings.setState(DEFAULTS);
  useRun.setState({ connection: "connecting" });
  stop = startSettingsSync();
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

it("takes over what was chosen in another browser", async () => {
  server = { "wireloom.theme": "dark", "wireloom.snap": true, "Comfy.Other": 1 };
  connect();
  await vi.waitFor(() => expect(useSettings.getState()).toMatchObject({ theme: "dark", snap: true }));
});

it("keeps a change on the server, by its id", async () => {
  connect();
  useSettings.setState({ minimap: false });
  await vi.waitFor(() => expect(server).toEqual({ "wireloom.minimap": false }));
});

it("sends what was changed while the server was away, and does not take the old value back", async () => {
  server = { "wireloom.theme": "dark", "wireloom.snap": true };
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
  useSettings.setState({ theme: "light" });
  connect();
  await vi.waitFor(() => expect(server["wireloom.theme"]).toBe("light"));
  expect(useSettings.getState()).toMatchObject({ theme: "light", snap: true });
  expect(localStorage.getItem("wireloom.settings.unsent")).toBeNull();
});

it("sends what this browser had before the server kept any", async () => {
  useSettings.setState({ sortBy: "newest" });
  localStorage.removeItem("wireloom.settings.unsent"); // as an older editor left it
  connect();
  await vi.waitFor(() => expect(server).toEqual({ "wireloom.sortBy": "newest" }));
});

it("leaves alone what it does not know, and what is this window's own", async () => {
  server = { "wireloom.theme": "sepia", "wireloom.snap": "yes", "wireloom.panel": "queue", "wireloom.minimap": false };
  connect();
  await vi.waitFor(() => expect(useSettings.getState().minimap).toBe(false));
  expect(useSettings.getState()).toMatchObject({ theme: "system", snap: false, panel: null });
  useSettings.setState({ panel: "gallery" });
  expect(localStorage.getItem("wireloom.settings.unsent")).toBeNull();
});

it("follows another window of this browser at once", () => {
  const newValue = JSON.stringify({ state: { ...DEFAULTS, theme: "light", panel: "queue" }, version: 1 });
  window.dispatchEvent(new StorageEvent("storage", { key: "wireloom.settings", newValue }));
  expect(useSettings.getState()).toMatchObject({ theme: "light", panel: null });
});

function connect(): void {
  fakeServer({
    "GET /api/settings": () => server,
    "POST /api/settings": ({ body }: Request) => {
      Object.assign(server, body);
      return new Response("");
    },
  });
  useRun.setState({ connection: "open" });
}
