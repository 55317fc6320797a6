const MOVE_MS = 200;

/** How long the view takes to go elsewhere: no time for those who do not want motion. */
export function motion(): { readonly duration: number } {
  return { duration: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : MOVE_MS };
}
