import { type Fields, isFields } from "./same";

/** Takes links that are gone out of what a file says of the points that links run through (native reroutes). */
export function pruned(raw: Fields, gone: ReadonlySet<number>): void {
  if (gone.size === 0) return;
  if (Array.isArray(raw["reroutes"])) raw["reroutes"] = withoutLinks(raw["reroutes"], gone);
  if (!isFields(raw["extra"])) return;
  const extra: Fields = { ...raw["extra"] };
  if (Array.isArray(extra["reroutes"])) extra["reroutes"] = withoutLinks(extra["reroutes"], gone);
  if (Array.isArray(extra["linkExtensions"])) {
    extra["linkExtensions"] = extra["linkExtensions"].filter(
      (each) => !(isFields(each) && gone.has(Number(each["id"]))),
    );
  }
  raw["extra"] = extra;
}

/** A point that no link runs through any more goes too, unless it hangs on an open end. */
function withoutLinks(reroutes: readonly unknown[], gone: ReadonlySet<number>): unknown[] {
  return reroutes.flatMap((each) => {
    if (!isFields(each) || !Array.isArray(each["linkIds"])) return [each];
    const linkIds = each["linkIds"].filter((id) => !gone.has(Number(id)));
    if (linkIds.length === each["linkIds"].length) return [each];
    return linkIds.length > 0 || each["floating"] ? [{ ...each, linkIds }] : [];
  });
}
