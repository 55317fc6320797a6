/** Plugins of the build: what the first load weighs, and a stamp of the sources that a bundle was made from. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

const FIRST_LOAD_BYTES = 400_000;
const SOURCES = new Set([
  "bundle.ts",
  "form.html",
  "index.html",
  "package-lock.json",
  "package.json",
  "public",
  "src",
  "tsconfig.json",
  "vite.config.ts",
]);
const STAMP = "BUILD";

/** Print what each page loads before it can be used, in bytes of gzip; the build fails if it is too much. */
export function budget(): Plugin {
  return {
    name: "budget",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk" || !chunk.isEntry) continue;
        const first = loadedWith(chunk.fileName, bundle);
        const bytes = [...first].map((name) => gzipSync(contents(bundle[name]), { level: 9 }).length);
        const total = bytes.reduce((sum, each) => sum + each, 0);
        const said = `${chunk.name}, first load: ${(total / 1000).toFixed(1)} KB of gzip in ${first.size} files`;
        if (total > FIRST_LOAD_BYTES) this.error(`${said}; it may be ${FIRST_LOAD_BYTES / 1000} KB`);
        this.info(said);
      }
    },
  };
}

/** Have the page drawn only when its script has put the chosen theme on it: else the other one would flash up. */
export function themeFirst(): Plugin {
  return {
    name: "theme-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (page) => page.replace('<script type="module"', '<script type="module" blocking="render"'),
    },
  };
}

/**
 * Write the file `BUILD`: hashes of the sources and of the bundle, each that of the text that `sha256sum` prints for the
 * files, sorted by name. `tests/unit/web/test_editor_bundle.py` works them out again.
 */
export function stamp(): Plugin {
  let [root, out] = ["", ""];
  return {
    name: "stamp",
    apply: "build",
    configResolved(config) {
      root = config.root;
      out = join(root, config.build.outDir);
    },
    closeBundle(error?: Error) {
      if (error) return;
      const sources = files(root).filter((name) => SOURCES.has(name.split("/")[0]!) && !/\.test\.tsx?$/.test(name));
      const built = files(out).filter((name) => name !== STAMP);
      writeFileSync(join(out, STAMP), `sources ${hashOf(root, sources)}\nbundle ${hashOf(out, built)}\n`);
    },
  };
}

/** A chunk, and all that it needs. */
function loadedWith(entry: string, bundle: Rollup.OutputBundle): Set<string> {
  const first = new Set<string>();
  const load = (name: string) => {
    const chunk = bundle[name];
    if (first.has(name) || chunk?.type !== "chunk") return;
    first.add(name);
    chunk.imports.forEach(load);
    chunk.viteMetadata?.importedCss.forEach((sheet) => first.add(sheet));
  };
  load(entry);
  return first;
}

function contents(output: { code: string } | { source: string | Uint8Array } | undefined): string | Uint8Array {
  if (!output) return "";
  return "code" in output ? output.code : output.source;
}

/** Names of all files below a folder, with `/`; what packages bring along left out. */
function files(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : files(root, path);
    return [relative(root, path).split(sep).join("/")];
  });
}

function hashOf(root: string, names: readonly string[]): string {
  const lines = names.toSorted().map((name) => `${sha256(readFileSync(join(root, name)))}  ${name}\n`);
  return sha256(lines.join(""));
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
