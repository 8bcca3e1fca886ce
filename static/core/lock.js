// Locks between tabs. Web Locks exist only over HTTPS and on localhost. Elsewhere, such as in a home
// network, a lease in localStorage replaces them.

import { randomId, read, remove, write } from "./storage.js";

/**
 * Runs `action` while no other tab runs one with the same name. Rejects if the lease's module cannot be loaded.
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
 * Holds the lock `name` until the tab closes. Resolves to false if another tab holds it.
 * Waits up to `patience` milliseconds for a holder that is closing, as on a reload.
 * @param {string} name
 * @param {{ patience?: number }} [options]
 * @returns {Promise<boolean>}
 */
export function holdLock(name, { patience = 0 } = {}) {
  // Without Web Locks a tab cannot detect other tabs, so it does not take over their data.
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
