/** Things by a key, in the order in which the keys appear; browsers and Node of 2023 lack `Map.groupBy`. */
export function groupBy<K, T>(things: readonly T[], key: (thing: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const thing of things) {
    const group = groups.get(key(thing));
    if (group) group.push(thing);
    else groups.set(key(thing), [thing]);
  }
  return groups;
}
