/** The hue, in degrees, of the types that most wires carry: far apart from each other, and near what people know. */
const HUES: Readonly<Record<string, number>> = {
  MODEL: 295,
  CLIP: 95,
  VAE: 22,
  CONDITIONING: 62,
  LATENT: 345,
  IMAGE: 245,
  MASK: 155,
  CONTROL_NET: 185,
  INT: 215,
  FLOAT: 195,
  STRING: 125,
  BOOLEAN: 40,
  LOOP: 320,
};

const NO_COLOR = "var(--text-faint)";

/**
 * The colour of a type's sockets and wires: a CSS colour that follows the theme. Types that nobody chose a hue for get
 * one from their name, the same in every session; `*` and the lists of choices have none.
 */
export function typeColor(type: string): string {
  const first = type.split(",")[0]!.trim().toUpperCase();
  if (first === "" || first === "*" || first === "COMBO") return NO_COLOR;
  const hue = HUES[first] ?? hueOf(first);
  return `light-dark(oklch(0.58 0.15 ${hue}), oklch(0.76 0.13 ${hue}))`;
}

/** FNV-1a over the name; a good spread for names that differ in one letter. */
function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) >>> 0;
  return hash % 360;
}
