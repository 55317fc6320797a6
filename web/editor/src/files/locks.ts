/** As much of the Web Locks API as sessions use: all requests are `ifAvailable`. */
export type Locks = Pick<LockManager, "request">;

type Message = { readonly ask: string; readonly by: number } | { readonly held: string; readonly by: number };

/** How long a page may take to say that it has a lock, if there is a mark that some page has it, or else none. */
const PATIENCE_MS = 1000;
const SHORT_PATIENCE_MS = 100;

/** The browser's locks, or (on a page that is neither local nor HTTPS) our own. */
export function browserLocks(): Locks {
  return navigator.locks ?? channelLocks(new BroadcastChannel("wireloom.locks"));
}

/**
 * Locks for pages without Web Locks: who wants one asks all pages of the browser, and takes it if none says that it has
 * it. A page that is gone says nothing; one that has ended as it should took its mark away, so that nobody waits.
 */
export function channelLocks(channel: BroadcastChannel, marks: Storage = localStorage): Locks {
  const held = new Set<string>();
  const asking = new Map<string, { by: number; refuse(): void }>();

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if ("held" in data) {
      const mine = asking.get(data.held);
      if (mine?.by === data.by) mine.refuse();
      return;
    }
    const mine = asking.get(data.ask);
    // Of two who ask at once, one gives way.
    if (held.has(data.ask) || (mine && mine.by < data.by)) channel.postMessage({ held: data.ask, by: data.by });
  };
  window.addEventListener("pagehide", () => held.forEach((name) => marks.removeItem(name)));
  window.addEventListener("pageshow", () => held.forEach((name) => marks.setItem(name, "")));

  const isFree = (name: string): Promise<boolean> => {
    if (held.has(name) || asking.has(name)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const answer = (free: boolean) => {
        clearTimeout(timer);
        asking.delete(name);
        resolve(free);
      };
      const patience = marks.getItem(name) === null ? SHORT_PATIENCE_MS : PATIENCE_MS;
      const timer = setTimeout(() => answer(true), patience);
      const by = Math.random();
      asking.set(name, { by, refuse: () => answer(false) });
      channel.postMessage({ ask: name, by });
    });
  };

  const request = async (name: string, _: LockOptions, task: LockGrantedCallback<unknown>) => {
    if (!(await isFree(name))) return task(null);
    held.add(name);
    marks.setItem(name, "");
    try {
      return await task({ name, mode: "exclusive" });
    } finally {
      held.delete(name);
      marks.removeItem(name);
    }
  };
  return { request: request as LockManager["request"] };
}
