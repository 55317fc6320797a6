import { forgetClientId } from "../api/ids";
import { browserLocks, type Locks } from "./locks";

/**
 * Which browser tab this is. It has a name of its own (in `sessionStorage`, which outlives a reload and a crash), and
 * holds a lock of that name while it lives, so that no two ever write what the other keeps.
 */
export interface Session {
  readonly id: string;
  /** Do something with what another session left, but only if no living browser tab is that session. */
  ifDead(other: string, task: () => Promise<void>): Promise<void>;
}

const KEY = "wireloom.session";
/** How often, and how long after each other, a page tries to get a lock that the page it replaces may still have. */
const TRIES = 15;
const TRY_EVERY_MS = 100;

export async function startSession(storage: Storage = sessionStorage, locks: Locks = browserLocks()): Promise<Session> {
  let id = storage.getItem(KEY);
  // A duplicated browser tab has the name of the one it was made from, which holds the lock.
  if (id === null || !(await held(locks, id))) {
    if (id !== null) forgetClientId(storage); // else the server would tell one page what is the other's
    id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    await held(locks, id);
  }
  storage.setItem(KEY, id);
  return {
    id,
    async ifDead(other, task) {
      if (other === id) return;
      await locks.request(nameOf(other), { ifAvailable: true }, (lock) => (lock ? task() : undefined));
    },
  };
}

/** Take the lock for as long as the page lives; false if another page has it, and keeps it. */
async function held(locks: Locks, id: string): Promise<boolean> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    if (await tryLock(locks, id)) return true;
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
  }
  return false;
}

/** Not with a time limit: on a busy page that is over before the answer is heard. */
function tryLock(locks: Locks, id: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const task = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock ? new Promise<never>(() => {}) : null; // for good
    };
    locks.request(nameOf(id), { ifAvailable: true }, task).catch(reject);
  });
}

function nameOf(session: string): string {
  return `wireloom.session.${session}`;
}
