import { vi } from "vitest";

/** Files of tests share a page, as making one takes longer than most of them; each gets modules and storage of its own. */
vi.resetModules();
if (typeof document !== "undefined") {
  document.body.replaceChildren();
  localStorage.clear();
  sessionStorage.clear();
}
