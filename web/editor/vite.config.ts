import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget, stamp, themeFirst } from "./bundle.ts";

const SERVER = process.env.WIRELOOM ?? "http://127.0.0.1:8188";
/** What is not the editor's own is asked of the server that `WIRELOOM` names. */
const SERVERS_PATHS = "^/(?!$|\\?|@|src/|node_modules/|(index|form)\\.html)";
export default defineConfig({
  base: "./", // it works below any path that a proxy puts it
  plugins: [react(), themeFirst(), budget(), stamp()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsDir: "editor",
    target: "es2022",
    modulePreload: { polyfill: false }, // it would be an inline script, and browsers have had it since 2023
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500, // elkjs is larger than a page should be, and loaded when a layout is asked for
    rollupOptions: { input: { editor: "index.html", form: "form.html" } },
    license: { fileName: "LICENSES.md" }, // of what is bundled
  },
  server: {
    host: "127.0.0.1",
    proxy: { [SERVERS_PATHS]: { target: SERVER, ws: true } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    testTimeout: 20_000,
    pool: "threads",
    isolate: false,
    setupFiles: ["./fresh.setup.ts"],
  },
});
