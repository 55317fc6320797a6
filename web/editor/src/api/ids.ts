/** The node of the workflow itself that a node inside of subgraphs (`5:3`) is a part of. */
export function outermost(id: string): string {
  return id.split(":", 1)[0]!;
}

/** The name under which the server knows this page, also after it was loaded again. */
export function clientId(): string {
  const known = sessionStorage.getItem(CLIENT);
  if (known) return known;
  const made = newUuid();
  sessionStorage.setItem(CLIENT, made);
  return made;
}

/** Go by the name of a page that is gone: what it asked for is told to this one. Not if this one has a name already. */
export function takeClientId(id: string): void {
  if (!sessionStorage.getItem(CLIENT)) sessionStorage.setItem(CLIENT, id);
}

/** This page was duplicated from another, which goes on by that name. */
export function forgetClientId(storage: Storage = sessionStorage): void {
  storage.removeItem(CLIENT);
}

/** `crypto.randomUUID` is not there on pages that came over plain http from another machine. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const CLIENT = "wireloom.client";
