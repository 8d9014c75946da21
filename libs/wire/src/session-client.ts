/**
 * A worker's end of the control channel: one bidirectional stream, one incarnation. It does not reconnect by itself; the
 * caller decides when a broken session is worth another attempt.
 */
import { asWireError, WireError } from './errors.ts';
import { IdleTimer } from './idle-timer.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';
import { sessionMethods } from './methods.ts';
import { RawClient } from './raw-client.ts';
import { decodeCoordinatorMessage, encodeWorkerMessage } from './session-messages.ts';
import { fromServiceError } from './status.ts';

/** How long close() waits for the coordinator to end the stream, ms. */
const CLOSE_GRACE_MS = 500;

/** How long a coordinator may take to show that it is there, ms: a first packet that was lost is sent again too rarely. */
const OPEN_MS = 5000;

/** An open session. */
export interface SessionLink {
  /** Queues a message; nothing happens on a closed session. */
  send(message: WorkerMessage): void;
  /** From now on the session is lost, as DEADLINE, when nothing is heard for `silenceMs`; for when heartbeats are sent, which are answered. */
  expect(silenceMs: number): void;
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
  /** How long the coordinator may take to show that it is there, ms; default 5000. */
  openMs?: number;
  /** The coordinator is there. */
  onOpen?: () => void;
  onMessage: (message: CoordinatorMessage) => void;
  onClosed: (error?: WireError) => void;
}): SessionLink {
  const client = new RawClient(options.address);
  const call = client.duplex(sessionMethods.join);
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let silence: IdleTimer | undefined;
  const finish = (error?: WireError): void => {
    if (closed) return;
    closed = true;
    clearTimeout(timer);
    opening.stop();
    silence?.stop();
    call.cancel();
    client.close();
    options.onClosed(error);
  };
  const expectWithin = (silenceMs: number): IdleTimer => {
    const message = `session at ${options.address}: expected an answer within ${silenceMs} ms, got silence`;
    return new IdleTimer(silenceMs, () => finish(new WireError('DEADLINE', message)));
  };
  const opening = expectWithin(options.openMs ?? OPEN_MS);
  call.on('metadata', () => {
    opening.stop();
    if (!closed) options.onOpen?.();
  });
  call.on('data', (bytes: Buffer) => {
    if (closed) return;
    silence?.touch();
    try {
      const message = decodeCoordinatorMessage(bytes);
      if (message.type !== 'alive') options.onMessage(message);
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
    expect: (silenceMs) => {
      silence?.stop();
      if (!closed) silence = expectWithin(silenceMs);
    },
    close: () => {
      if (closed || timer !== undefined) return;
      call.end();
      timer = setTimeout(() => finish(), CLOSE_GRACE_MS);
    },
  };
}
