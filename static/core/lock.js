// One tab at a time. Web Locks exist only over HTTPS and on localhost; a Parlor on a home
// network may be neither, and then a lease in localStorage does nearly the same.

import { randomId, read, remove, write } from "./storage.js";

/**
 * Runs `action` while no other tab runs one under the same name. Rejects if the lease's code cannot be fetched.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export const withLock = (name, action) =>
  navigator.locks ? navigator.locks.request(name, action) : withStoredLease(name, action);

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
async function withStoredLease(name, action) {
  const { withLease } = await import("../lib/lease.js");
  return withLease(`${name}.lease`, action, {
    read,
    write,
    remove,
    owner: randomId(),
    now: Date.now,
    random: Math.random,
    setTimeout: setTimeout.bind(globalThis),
    clearTimeout: clearTimeout.bind(globalThis),
  });
}

/**
 * Holds `name` until the tab closes, unless another tab holds it; resolves to whether it worked.
 * `patience` (milliseconds) waits for a holder that is just going away, as on a reload.
 * @param {string} name
 * @param {{ patience?: number }} [options]
 * @returns {Promise<boolean>}
 */
export function holdLock(name, { patience = 0 } = {}) {
  // Without Web Locks a tab cannot know of the others, and leaves alone what may be theirs.
  if (!navigator.locks) return Promise.resolve(patience > 0);
  const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    /** @param {Lock | null} lock */
    const held = (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    };
    navigator.locks.request(name, options, held).catch(() => resolve(false));
  });
}
