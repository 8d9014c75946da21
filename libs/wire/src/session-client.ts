/**
 * A worker's end of the control channel: one bidirectional stream, one incarnation. It does not reconnect by itself; the
 * caller decides when a broken session is worth another attempt.
 */
import { asWireError } from './errors.ts';
import type { WireError } from './errors.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';
import { sessionMethods } from './methods.ts';
import { RawClient } from './raw-client.ts';
import { decodeCoordinatorMessage, encodeWorkerMessage } from './session-messages.ts';
import { fromServiceError } from './status.ts';

/** How long close() waits for the coordinator to end the stream, ms. */
const CLOSE_GRACE_MS = 500;

/** An open session. */
export interface SessionLink {
  /** Queues a message; nothing happens on a closed session. */
  send(message: WorkerMessage): void;
  /** Says goodbye and ends the stream; `onClosed` follows, at the latest after 500 ms. */
  close(): void;
}

/**
 * Opens a session.
 * @param options.onClosed comes exactly once: without an error when the coordinator ended the stream in order
 * @throws {WireError} INVALID for a malformed address
 */
export function openSession(options: {
  address: string;
  onMessage: (message: CoordinatorMessage) => void;
  onClosed: (error?: WireError) => void;
}): SessionLink {
  const client = new RawClient(options.address);
  const call = client.duplex(sessionMethods.join);
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const finish = (error?: WireError): void => {
    if (closed) return;
    closed = true;
    clearTimeout(timer);
    call.cancel();
    client.close();
    options.onClosed(error);
  };
  call.on('data', (bytes: Buffer) => {
    if (closed) return;
    try {
      options.onMessage(decodeCoordinatorMessage(bytes));
    } catch (error) {
      finish(asWireError(error));
    }
  });
  call.on('error', (error) => finish(timer === undefined ? fromServiceError(error, `session at ${options.address}`) : undefined));
  call.on('end', () => finish());
  return {
    send: (message) => {
      if (!closed) call.write(encodeWorkerMessage(message));
    },
    close: () => {
      if (closed || timer !== undefined) return;
      call.end();
      timer = setTimeout(() => finish(), CLOSE_GRACE_MS);
    },
  };
}
