/** The icon of the browser's tab: the page's own, or a ring that fills. */

const SIDE = 32;
const RADIUS = 12;
const AROUND = 2 * Math.PI * RADIUS;

let own: string | null = null;

/** Show how far a run is, 0 to 1; null puts the page's own icon back. */
export function showInFavicon(share: number | null): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  own ??= link.href;
  const href = share === null ? own : ring(share);
  if (link.href !== href) link.href = href;
}

function ring(share: number): string {
  const circle = (color: string, drawn: number) =>
    `<circle cx="${SIDE / 2}" cy="${SIDE / 2}" r="${RADIUS}" fill="none" stroke="${color}" stroke-width="6" ` +
    `stroke-dasharray="${(drawn * AROUND).toFixed(1)} ${AROUND}" transform="rotate(-90 ${SIDE / 2} ${SIDE / 2})"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}">`;
  return `data:image/svg+xml,${encodeURIComponent(`${svg}${circle("#8b93a1", 1)}${circle("#3f74e8", share)}</svg>`)}`;
}
