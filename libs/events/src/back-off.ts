/** Waiting between attempts, so that many processes do not come back at once; a wait does not keep the process alive. */
import { randomInt } from 'node:crypto';

/** Longest wait for what mends itself, ms. */
const CAP_MS = 5000;
/** Bound of the first wait, ms. */
const BASE_MS = 100;

/** Milliseconds before retry number `attempt`, 1 for the first: uniform below a bound that doubles up to 5 s. */
export function backOffMs(attempt: number): number {
  return randomInt(Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 30)) + 1);
}

/** Resolves after a time, or as soon as the signal aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener('abort', end);
  });
}
