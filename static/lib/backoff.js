// When to try again.

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * The pause before attempt number `attempt` (0 is the first): 1 s doubling to 30 s,
 * with full jitter, so that a thousand pages do not return in the same instant.
 */
export function reconnectDelay(attempt, random = Math.random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(random() * ceiling);
}
