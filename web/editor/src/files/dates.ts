/** Times in milliseconds since 1970, as a reader of this machine's language writes them. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const MONTH = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** As little as tells it from others: the time today, the day this year, else the month. */
export function shortDate(at: number, now = Date.now()): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return TIME.format(at);
  return then.getFullYear() === today.getFullYear() ? DAY.format(at) : MONTH.format(at);
}

export function exactDate(at: number): string {
  return EXACT.format(at);
}
