type Choice = string | number;

/**
 * The choices that hold every word of the query. Those that begin with it come first; without a query the chosen one
 * comes first if it lies far down, so that it is seen on opening.
 */
export function narrowed(choices: readonly Choice[], query: string, chosen: string, near = 100): readonly Choice[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    const at = choices.findIndex((choice) => String(choice) === chosen);
    return at < near ? choices : [choices[at]!, ...choices.filter((_, index) => index !== at)];
  }
  const fitting = choices.filter((choice) => {
    const name = String(choice).toLowerCase();
    return words.every((word) => name.includes(word));
  });
  const begins = (choice: Choice) => String(choice).toLowerCase().startsWith(words[0]!);
  return [...fitting.filter(begins), ...fitting.filter((choice) => !begins(choice))];
}
