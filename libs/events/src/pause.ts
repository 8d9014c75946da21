/** Waiting that a signal ends. */
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after `ms`. @throws the signal's reason, at once */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  }
}
