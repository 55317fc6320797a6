/// <reference types="node" />
// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** Read as a file: vitest leaves style sheets out of imports. */
const css = readFileSync(new URL("./theme.css", import.meta.url), "utf8");

const AA_TEXT = 4.5;
const AA_EDGE = 3;
const SURFACES = ["--surface", "--surface-2", "--surface-3"];
const MEANINGS = ["--ok", "--warn", "--error"];

const TEXT_ON_GROUND: [string, string][] = [
  ...["--text", "--text-muted", "--text-faint"].flatMap((text): [string, string][] =>
    [...SURFACES, "--canvas", "--accent-soft"].map((ground) => [text, ground]),
  ),
  ...["--accent", ...MEANINGS].flatMap((text): [string, string][] =>
    ["--surface", "--surface-2", "--canvas"].map((ground) => [text, ground]),
  ),
  ...MEANINGS.map((text): [string, string] => [text, `${text}-soft`]),
  ...MEANINGS.map((text): [string, string] => ["--text", `${text}-soft`]),
  ["--on-accent", "--accent"],
  ["--on-accent", "--accent-hover"],
  ["--on-error", "--error"],
  ["--text", "--node-bypassed"],
  ["--accent", "--accent-soft"],
];

const EDGE_ON_GROUND: [string, string][] = SURFACES.slice(0, 2).flatMap((ground): [string, string][] => [
  ["--border-strong", ground],
  ["--accent", ground],
]);

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
  it.each(TEXT_ON_GROUND)("can be read: %s on %s", (text, ground) => {
    expect(contrast(colour(text, theme), colour(ground, theme))).toBeGreaterThanOrEqual(AA_TEXT);
  });

  it.each(EDGE_ON_GROUND)("shows edges: %s on %s", (edge, ground) => {
    expect(contrast(colour(edge, theme), colour(ground, theme))).toBeGreaterThanOrEqual(AA_EDGE);
  });
});

/** The red, green and blue of a token, 0 to 255. */
function colour(token: string, theme: "light" | "dark"): number[] {
  const match = new RegExp(`${token}: light-dark\\(#(\\w{6}), #(\\w{6})\\);`).exec(css);
  const hex = match?.[theme === "light" ? 1 : 2];
  if (!hex) throw new Error(`theme.css has no opaque colour ${token}`);
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** The contrast ratio of WCAG 2.2, 1 to 21. */
function contrast(a: number[], b: number[]): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: number[]): number {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
