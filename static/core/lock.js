// One tab at a time. Web Locks exist only over HTTPS and on localhost; a Parlor on a home
// network may be neither, and then a lease in localStorage does nearly the same.

import { randomName, read, remove, write } from "./storage.js";

const LEASE_MS = 10_000;
const LOOK_MS = 60;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs `action` while no other tab runs one under the same name. */
export function exclusive(name, action) {
  return navigator.locks ? navigator.locks.request(name, action) : leased(name, action);
}

async function leased(name, action) {
  const key = `${name}.lease`;
  const me = randomName();
  for (;;) {
    const lease = read(key);
    if (!lease || lease.until < Date.now()) {
      write(key, { owner: me, until: Date.now() + LEASE_MS });
      await pause(LOOK_MS * (0.5 + Math.random()));
      if (read(key)?.owner === me) break;
    }
    await pause(LOOK_MS);
  }
  try {
    return await action();
  } finally {
    if (read(key)?.owner === me) remove(key);
  }
}

/**
 * Holds `name` until the tab closes, unless another tab holds it; resolves to whether it worked.
 * `patience` (milliseconds) waits for a holder that is just going away, as on a reload.
 */
export function claim(name, { patience = 0 } = {}) {
  // Without Web Locks a tab cannot know of the others, and leaves alone what may be theirs.
  if (!navigator.locks) return Promise.resolve(patience > 0);
  const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const held = (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    };
    navigator.locks.request(name, options, held).catch(() => resolve(false));
  });
}
