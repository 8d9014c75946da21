/** One exchange with NATS: it ends when the connection breaks, and fails with errors of this library. */
import { EventsError } from './errors.ts';
import type { NatsClient } from './nats-client.ts';
import { toEventsError } from './nats-errors.ts';

/**
 * Runs an operation that NATS answers. `what` names it or its subject in errors.
 * @throws {EventsError} UNREACHABLE at once while no server is there, and as soon as the connection breaks before the answer: it may have
 *   been done or not; else as {@link toEventsError}
 */
export async function natsOperation<T>(client: NatsClient, what: string, operation: () => Promise<T>): Promise<T> {
  if (!client.isConnected) throw unreachable(what, 'no connection');
  let stop: (() => void) | undefined;
  const broken = new Promise<never>((_, reject) => {
    stop = client.onConnection((isConnected) => {
      if (!isConnected) reject(unreachable(what, 'a connection that broke'));
    });
  });
  // Each of the two may settle after the other.
  broken.catch(() => undefined);
  try {
    return await Promise.race([operation(), broken]);
  } catch (error) {
    throw toEventsError(error, what);
  } finally {
    stop?.();
  }
}

function unreachable(what: string, got: string): EventsError {
  return new EventsError('UNREACHABLE', { what, expected: 'an answer of NATS', got, hint: 'it is tried again when a server is there' });
}
