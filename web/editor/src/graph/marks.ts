import { type Fields, isFields } from "./same";

/** Where nodes keep what the editor says of their inputs, under `properties`: names in forms, and what is private. */
export const OWN = "wireloom";

/** A node's properties with its marks under the names that its inputs have now; null for one that is gone. */
export function renamedMarks(properties: Fields, nameNow: (name: string) => string | null): Fields {
  const { [OWN]: own, ...others } = properties;
  if (!isFields(own)) return properties;
  const { inputs, private: hidden, ...rest } = own;
  const names = Object.entries(isFields(inputs) ? inputs : {}).flatMap(([name, to]): [string, unknown][] => {
    const now = nameNow(name);
    return now === null ? [] : [[now, to]];
  });
  const kept = (Array.isArray(hidden) ? hidden : []).flatMap((name) => nameNow(String(name)) ?? []);
  const marks = {
    ...rest,
    ...(names.length > 0 ? { inputs: Object.fromEntries(names) } : {}),
    ...(kept.length > 0 ? { private: kept } : {}),
  };
  return Object.keys(marks).length > 0 ? { ...others, [OWN]: marks } : others;
}
