// A mutex between tabs, for browsers without Web Locks. Storage and clock are parameters.
//
// The holder writes a lease with an end and renews it while it works. Another tab takes the lease
// over after its end, and only after it has watched it unchanged for a while: timers of all tabs
// stop while a machine sleeps, and the holder must get the chance to renew first.

export const LEASE_MS = 10_000;
export const RENEW_MS = 2_000;
const POLL_MS = 60;
/** How long an ended lease is watched before it is taken over. */
const WATCH_MS = 2 * RENEW_MS;

/**
 * Runs `action` while no other tab runs one under `key`.
 *
 * `deps` are `{read, write, remove}` of the shared storage, `owner` (a name that no other caller
 * has), and `now`, `setTimeout`, `clearTimeout`, `random`.
 * @template T
 * @param {string} key
 * @param {() => T | Promise<T>} action
 * @param {LeaseDeps} deps
 */
export async function withLease(key, action, deps) {
  const { read, write, remove, owner, now, random } = deps;
  /** @type {(ms: number) => Promise<void>} */
  const pause = (ms) => new Promise((resolve) => deps.setTimeout(resolve, ms));
  let beats = 0;
  const put = () => write(key, { owner, until: now() + LEASE_MS, beat: (beats += 1) });

  /** @type {Lease | null} */
  let watched = read(key);
  let watchedMs = 0;
  for (;;) {
    const lease = read(key);
    const isNew = lease?.owner !== watched?.owner || lease?.beat !== watched?.beat;
    if (isNew) {
      watched = lease;
      watchedMs = 0;
    }
    if (!lease || (lease.until < now() && watchedMs >= WATCH_MS)) {
      put();
      // Two tabs may write at once. The later write wins, and the earlier tab detects it here.
      await pause(POLL_MS * (1 + random()));
      if (read(key)?.owner === owner) break;
    }
    await pause(POLL_MS);
    watchedMs += POLL_MS;
  }

  /** @type {unknown} */
  let timer = null;
  const renew = () => {
    // Another tab has taken over the lease and keeps it.
    if (read(key)?.owner !== owner) return;
    put();
    timer = deps.setTimeout(renew, RENEW_MS);
  };
  renew();
  try {
    return await action();
  } finally {
    deps.clearTimeout(timer);
    if (read(key)?.owner === owner) remove(key);
  }
}
