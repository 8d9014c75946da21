/**
 * A promise with a deadline.
 */

/** The promise's value, or undefined when it has not settled after `ms` milliseconds; leaves no timer behind. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((settle) => (timer = setTimeout(() => settle(undefined), ms)));
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
