/** When to try again: full jitter (uniform in [0, base 2^n], capped), so that many workers do not come back in step. */

/** Longest delay, ms. */
const CAP_MS = 5000;

/** Delay that the first retry is drawn from, ms. */
const BASE_MS = 100;

/** Milliseconds to wait before retry number `attempt`, 1 for the first. @param random uniform in [0, 1) */
export function retryDelay(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 30));
}
