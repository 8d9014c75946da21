/** Waiting before the next attempt. */
import { randomInt } from 'node:crypto';

const FIRST_MS = 50;
const LAST_MS = 2000;

/** Milliseconds to wait after so many failures, from 1: doubles up to 2 s; drawn from the upper half, so that several do not come at once. */
export function backOffMs(failures: number): number {
  const limit = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return randomInt(limit / 2, limit + 1);
}

/** A pause that may be ended early and keeps no process alive. */
export function pause(ms: number): { readonly done: Promise<void>; readonly end: () => void } {
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms).unref();
    end = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { done, end };
}
