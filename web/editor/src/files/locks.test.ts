import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { channelLocks, type Locks } from "./locks";

const NAME = "wireloom.session.a";

let pages: Page[];

beforeEach(() => {
  vi.useFakeTimers();
  pages = [];
  localStorage.clear();
});
afterEach(() => vi.useRealTimers());

it("gives a lock to one page, and to another when that is gone", async () => {
  const [first, second] = [new Page(), new Page()];
  expect(await got(first)).toBe(true);
  expect(await got(second)).toBe(false);
  first.crash();
  expect(await got(second)).toBe(true);
});

it("waits for a page that may only be slow to answer", async () => {
  const [first, second] = [new Page(), new Page()];
  await got(first);
  first.delayMs = 700;
  expect(await got(second)).toBe(false);
});

it("gives it to one of two who ask at once", async () => {
  const [first, second] = [new Page(), new Page()];
  const both = [hold(first), hold(second)];
  await vi.advanceTimersByTimeAsync(2000);
  expect((await Promise.all(both)).filter(Boolean)).toHaveLength(1);
});

it("gives back what is done with", async () => {
  const [first, second] = [new Page(), new Page()];
  const task = first.locks.request(NAME, { ifAvailable: true }, (lock) => lock !== null);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await task).toBe(true);
  expect(await got(second)).toBe(true);
});

/** A page as others hear it: its messages take a moment. */
class Page {
  delayMs = 1;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly locks: Locks = channelLocks(this as unknown as BroadcastChannel);

  constructor() {
    pages.push(this);
  }

  postMessage(data: unknown): void {
    for (const page of pages) if (page !== this) setTimeout(() => page.onmessage?.({ data }), this.delayMs);
  }

  crash(): void {
    pages = pages.filter((page) => page !== this);
  }
}

/** Take the lock for good; whether it was to be had. */
function hold({ locks }: Page): Promise<boolean> {
  return new Promise((resolve) => {
    void locks.request(NAME, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : null;
    });
  });
}

async function got(page: Page): Promise<boolean> {
  const held = hold(page);
  await vi.advanceTimersByTimeAsync(2000);
  return held;
}
