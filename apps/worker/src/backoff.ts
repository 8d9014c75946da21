/** When to try again: full jitter (uniform in [0, bound]), so that many workers do not come back in step. */

/** Longest delay, ms. */
const CAP_MS = 5000;

/** Delay that the first retry is drawn from, ms. */
const BASE_MS = 100;

/** Milliseconds to wait before retry number `attempt`, 1 for the first: the bound doubles. @param random uniform in [0, 1) */
export function retryDelay(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 30));
}

/**
 * Milliseconds to wait before looking again for a coordinator that has been away for `outageMs`: the bound is half of that, so that an
 * outage becomes at most half longer by waiting. @param random uniform in [0, 1)
 */
export function reconnectDelay(outageMs: number, random: () => number = Math.random): number {
  return random() * Math.min(CAP_MS, Math.max(BASE_MS, outageMs / 2));
}

/** Milliseconds to wait when the other side has asked for `ms`: no less, and up to half more. @param random uniform in [0, 1) */
export function politeDelay(ms: number, random: () => number = Math.random): number {
  return ms * (1 + random() / 2);
}
